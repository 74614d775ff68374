//! Describes the result for a secret.

use ldtokens_lifecycle::{KeyKind, LeakedToken, Outcome};

use crate::terminal::failure::{Failure, Kind};
use crate::verbs::revoke::target;

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
        (_, true) => "; found by the last four characters only",
        _ => "",
    }
}

pub(super) const DEAD: &str = "dead: it does not work any more";
pub(super) const UNKNOWN: &str = "not done: no token visible to the credential has these last four characters";
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

pub(super) fn ambiguous(tokens: &[LeakedToken]) -> String {
    let ids: Vec<_> = tokens.iter().map(|token| target(token).to_string()).collect();
    format!("not done: {} tokens have these last four characters; choose with --id: {}", ids.len(), ids.join(", "))
}

/// The outcome as CSV and JSON name it.
pub(super) fn result(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Dead => "dead",
        Outcome::Deleted => "deleted",
        Outcome::Rotated { .. } => "rotated",
        Outcome::NotDelivered { .. } => "not_delivered",
        Outcome::StillWorks => "still_works",
        Outcome::NotPrepared { .. } => "not_prepared",
        Outcome::Ambiguous(_) => "ambiguous",
        Outcome::Unknown => "unknown",
        Outcome::NotASecret => "not_a_secret",
        Outcome::OtherKey(kind) => result_of(*kind),
        Outcome::NotTried => "not_tried",
        _ => "failed",
    }
}

/// The outcome in words, and the failure if it is one.
pub(super) fn judged(outcome: Outcome, token: Option<&LeakedToken>) -> (String, Option<Failure>) {
    let failed = |kind: Kind, words: &str| (words.to_owned(), Some(Failure::new(kind, words)));
    match outcome {
        Outcome::Dead => (DEAD.to_owned(), None),
        Outcome::Deleted => ("deleted".to_owned(), None),
        Outcome::Rotated { last_four } => (format!("reset; the new secret ends in {last_four}"), None),
        Outcome::NotDelivered { reason } => {
            let id = token.map_or_else(String::new, |token| token.id.to_string());
            let words = "reset, but its new secret is lost";
            let line = format!(
                "the token {id} was reset and the secret no longer works, but the new one could not be delivered: {reason}; \
                 to get another run `ldtokens reset {id} --yes --secret-to FILE`"
            );
            (words.to_owned(), Some(Failure::new(Kind::SecretNotDelivered, line)))
        }
        Outcome::StillWorks => failed(
            Kind::Other,
            "STILL WORKS, though the API says that it was done: try again, and ask LaunchDarkly's support",
        ),
        Outcome::NotPrepared { reason } => failed(Kind::Usage, &format!("not done: {reason}")),
        Outcome::Ambiguous(tokens) => failed(Kind::Usage, &ambiguous(&tokens)),
        Outcome::Unknown => failed(Kind::NotFound, UNKNOWN),
        Outcome::NotASecret => failed(Kind::Usage, NOT_A_SECRET),
        Outcome::OtherKey(kind) => failed(Kind::Usage, &other_key(kind)),
        Outcome::NotTried => failed(Kind::Interrupted, "not tried"),
        Outcome::Failed(error) => (format!("failed: {error}"), Some(error.into())),
        _ => failed(Kind::Other, "failed"),
    }
}
