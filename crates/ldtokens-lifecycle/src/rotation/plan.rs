//! The journal that a rotation begins with, and whether one can begin.

use std::time::Duration;

use ldtokens::{CallerIdentity, Token};

use crate::delivery::Place;
use crate::error::{Error, Reason};
use crate::rotation::journal::{Journal, Step, TokenState, VERSION};
use crate::rotation::options::{OVERLAP, Options, Strategy};

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn too_late_for(what: &str) -> Error {
    Error::new(Reason::TooLate, format!("this rotation was started with another {what}, which can't be changed now"))
}

/// Returns the journal to continue a rotation with, by the options that are given now.
pub(crate) fn resumed(
    mut journal: Journal,
    options: &Options,
    places: Vec<Place>,
    caller: &CallerIdentity,
) -> Result<Journal, Error> {
    if let (Some(started), Some(now)) = (&journal.account_id, &caller.account_id)
        && started != now
    {
        let text = format!("this rotation was started in another account, {started}");
        return Err(Error::new(Reason::OtherAccount, text));
    }
    if !journal.is_waiting() {
        if !journal.places.is_empty() && journal.places != places && !options.forced {
            let labels: Vec<_> = journal.places.into_iter().map(|place| place.label).collect();
            let text = format!("this rotation was started with other destinations: {}", labels.join(", "));
            return Err(Error::new(Reason::OtherDestinations, text));
        }
        journal.places = places;
    }
    let is_sent = journal.attempts > 0 || journal.old_ends_at.is_some();
    if let Some(strategy) =
        options.strategy.filter(|strategy| ![Some(journal.strategy), journal.asked].contains(&Some(*strategy)))
    {
        if is_sent {
            return Err(too_late_for("strategy"));
        }
        journal.strategy = strategy;
    }
    if let Some(overlap) = options.overlap.map(millis).filter(|overlap| *overlap != journal.overlap) {
        let was_reset = journal.asked != Some(Strategy::Replace);
        if is_sent && was_reset && (journal.strategy == Strategy::Reset || overlap > journal.overlap) {
            return Err(too_late_for("overlap"));
        }
        journal.overlap = overlap;
        journal.is_expiring = false;
        let since = journal.rotated_at.or(journal.sent_at);
        journal.old_ends_at = since.map(|since| since.saturating_add(journal.overlap()));
    }
    Ok(journal)
}

/// Returns what is compared to find out whether the token was reset.
pub(crate) fn state(token: &Token) -> TokenState {
    let last_four = token.token.as_ref().map_or_else(String::new, |secret| secret.last_four().to_owned());
    TokenState { last_four, last_modified: token.last_modified }
}

/// Returns the journal of a new rotation.
pub(crate) fn planned(
    token: &Token,
    caller: &CallerIdentity,
    options: &Options,
    places: Vec<Place>,
) -> Result<Journal, Error> {
    if places.is_empty() {
        return Err(Error::new(Reason::NoDestination, "there is no destination for the new secret"));
    }
    let overlap = millis(options.overlap.unwrap_or(OVERLAP));
    let is_own = caller.token_id.as_ref() == Some(&token.id);
    let asked = options.strategy.unwrap_or(Strategy::Reset);
    Ok(Journal {
        version: VERSION,
        account_id: caller.account_id.clone(),
        token_id: token.id.clone(),
        name: token.name.clone(),
        // A reset at once could leave nobody with a credential.
        strategy: if is_own && overlap == 0 { Strategy::Replace } else { asked },
        asked: Some(asked),
        step: Step::Planned,
        overlap,
        old: state(token),
        attempts: 0,
        sent_at: None,
        new: None,
        old_ends_at: None,
        is_expiring: false,
        marker: None,
        superseded: Vec::new(),
        deleting: Vec::new(),
        may_not_create: false,
        places,
        rotated_at: None,
    })
}
