//! Describes the result for a secret.

use ldtokens_lifecycle::{Error, KeyKind, LeakedToken, Outcome};

use crate::terminal::failure::{Failure, Kind};
use crate::verbs::revoke::target;
use crate::verbs::rotate::result::failure;

/// The name of a kind of key.
pub(crate) fn named(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Sdk => "an SDK key",
        KeyKind::Mobile => "a mobile key",
        KeyKind::Relay => "a Relay Proxy key",
        _ => "another kind of key",
    }
}

pub(super) fn notes(token: &LeakedToken) -> &'static str {
    match (token.is_own, token.by_last_four) {
        (true, _) => ", last: it is the credential in use",
        (_, true) => "; chosen by --id, and the secret has its last four characters",
        _ => "",
    }
}

pub(super) const DEAD: &str = "dead: it does not work any more";
pub(super) const NOT_A_SECRET: &str =
    "not done: it is not an access token's secret, which is api- and a UUID; it may be cut or quoted";

pub(super) fn result_of(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Sdk => "sdk_key",
        KeyKind::Mobile => "mobile_key",
        KeyKind::Relay => "relay_key",
        _ => "other_key",
    }
}

pub(super) fn other_key(kind: KeyKind) -> String {
    format!("not done: it is {}, and not an access token", named(kind))
}

/// A secret that does not say whose it is.
pub(super) fn unproven(candidates: &[LeakedToken], reason: &str) -> String {
    let ids: Vec<_> = candidates.iter().map(|token| target(token).to_string()).collect();
    let which = match &ids[..] {
        [] => "no token visible to the credential has its last four characters".to_owned(),
        ids => format!("its last four characters are those of {}: if it is one of them, add --id", ids.join(", ")),
    };
    format!("not done: the API does not say whose it is ({reason}); {which}")
}

/// The name of a secret that does not say whose it is, in CSV and JSON.
pub(super) fn unproven_result(candidates: &[LeakedToken]) -> &'static str {
    if candidates.is_empty() { "unknown" } else { "unproven" }
}

/// The outcome as CSV and JSON name it.
pub(super) fn result(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Dead => "dead",
        Outcome::Deleted => "deleted",
        Outcome::Rotated(_) => "rotated",
        Outcome::NotRotated(error) if is_revoked(outcome) => match **error {
            Error::NotDelivered(_) => "not_delivered",
            _ => "failed",
        },
        Outcome::NotRotated(error) if matches!(**error, Error::NotReady(_)) => "not_prepared",
        Outcome::StillWorks => "still_works",
        Outcome::Unverified => "unverified",
        Outcome::NotPrepared { .. } => "not_prepared",
        Outcome::Unproven { candidates, .. } => unproven_result(candidates),
        Outcome::NotASecret => "not_a_secret",
        Outcome::OtherKey(kind) => result_of(*kind),
        Outcome::NotTried => "not_tried",
        _ => "failed",
    }
}

/// Whether the secret no longer works.
pub(super) fn is_revoked(outcome: &Outcome) -> bool {
    let is_reset = |error: &Error| matches!(error, Error::NotDelivered(failed) if failed.old_ends_at.is_none());
    outcome.is_success() || matches!(outcome, Outcome::NotRotated(error) if is_reset(error))
}

/// The outcome in words, and the failure if it is one.
pub(super) fn judged(outcome: Outcome, token: Option<&LeakedToken>) -> (String, Option<Failure>) {
    let failed = |kind: Kind, words: &str| (words.to_owned(), Some(Failure::new(kind, words)));
    match outcome {
        Outcome::Dead => (DEAD.to_owned(), None),
        Outcome::Deleted => ("deleted".to_owned(), None),
        Outcome::Rotated(report) => (format!("rotated; the new secret ends in {}", report.last_four), None),
        Outcome::Unverified => failed(
            Kind::Other,
            "the token was deleted or rotated, but the API does not say whether the secret was its own and is dead: \
             `ldtokens verify` tries the secret",
        ),
        Outcome::NotRotated(error) => {
            let is_lost = matches!(*error, Error::NotDelivered(_));
            let id = token.map(|token| &token.id);
            let text = error.to_string();
            let failure = match id.filter(|_| is_lost) {
                // This command would find the secret dead.
                Some(id) => Failure::new(
                    Kind::SecretNotDelivered,
                    format!("{text}; run `ldtokens rotate {id}` with the same destinations to continue"),
                ),
                None => failure(*error, id),
            };
            let words =
                if is_lost { "reset, but its new secret is not delivered".to_owned() } else { failure.to_string() };
            (words, Some(failure))
        }
        Outcome::StillWorks => failed(
            Kind::Other,
            "STILL WORKS, though the API says that it was done: try again, and ask LaunchDarkly's support",
        ),
        Outcome::NotPrepared { reason } => failed(Kind::Usage, &format!("not done: {reason}")),
        Outcome::Unproven { candidates, reason } => {
            let kind = if candidates.is_empty() { Kind::NotFound } else { Kind::Usage };
            failed(kind, &unproven(&candidates, &reason))
        }
        Outcome::NotASecret => failed(Kind::Usage, NOT_A_SECRET),
        Outcome::OtherKey(kind) => failed(Kind::Usage, &other_key(kind)),
        Outcome::NotTried => failed(Kind::Interrupted, "not tried"),
        Outcome::Failed(error) => (format!("failed: {error}"), Some(error.into())),
        _ => failed(Kind::Other, "failed"),
    }
}
