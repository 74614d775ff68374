//! The journal that a rotation begins with.

use ldtokens::{CallerIdentity, Client, Error as ApiError, Token, TokenId};

use crate::delivery::Place;
use crate::rotation::error::Error;
use crate::rotation::journal::{Journal, Step, TokenState, VERSION};
use crate::rotation::options::{OVERLAP, Options, Strategy};
use crate::time;

/// Returns the journal to continue a rotation with, by the options that are given now.
pub(crate) fn resumed(
    mut journal: Journal,
    options: &Options,
    places: Vec<Place>,
    caller: &CallerIdentity,
) -> Result<Journal, Error> {
    match (&journal.account_id, &caller.account_id) {
        (Some(started), Some(now)) if started != now => {
            return Err(Error::OtherAccount { started_in: started.clone() });
        }
        _ => {}
    }
    if !journal.is_waiting() {
        if !journal.places.is_empty() && journal.places != places && !options.again {
            let started_with = journal.places.into_iter().map(|place| place.label).collect();
            return Err(Error::OtherDestinations { started_with });
        }
        journal.places = places;
    }
    let is_sent = journal.attempts > 0 || journal.old_ends_at.is_some();
    if let Some(strategy) =
        options.strategy.filter(|strategy| ![Some(journal.strategy), journal.asked].contains(&Some(*strategy)))
    {
        if is_sent {
            return Err(Error::TooLateFor("strategy"));
        }
        journal.strategy = strategy;
    }
    if let Some(overlap) = options.overlap.map(time::millis).filter(|overlap| *overlap != journal.overlap) {
        let was_reset = journal.asked != Some(Strategy::Replace);
        if is_sent && was_reset && (journal.strategy == Strategy::Reset || overlap > journal.overlap) {
            return Err(Error::TooLateFor("overlap"));
        }
        journal.overlap = overlap;
        journal.is_expiring = false;
        journal.old_ends_at = journal.rotated_at.or(journal.sent_at).map(|since| since.saturating_add(overlap));
    }
    Ok(journal)
}

/// Reads the token. If it was replaced, the error names its replacement.
pub(crate) async fn read(client: &Client, id: &TokenId, earlier: Option<&Journal>) -> Result<Token, Error> {
    client.get(id).await.map_err(|source| match (&source, earlier) {
        (ApiError::NotFound(_), Some(Journal { strategy: Strategy::Replace, new: Some(new), .. })) => {
            Error::Replaced { by: new.token_id.clone() }
        }
        _ => Error::Api { step: None, source },
    })
}

/// Returns what is compared to find out whether the token was reset.
pub(crate) fn state(token: &Token) -> TokenState {
    let last_four = token.token.as_ref().map_or_else(String::new, |secret| secret.last_four().to_owned());
    TokenState { last_four, last_modified: token.last_modified.get() }
}

/// Returns the journal of a new rotation.
pub(crate) fn planned(
    token: &Token,
    caller: &CallerIdentity,
    options: &Options,
    places: Vec<Place>,
) -> Result<Journal, Error> {
    if places.is_empty() {
        return Err(Error::NoDestination);
    }
    let overlap = time::millis(options.overlap.unwrap_or(OVERLAP));
    let is_own = caller.token_id.as_ref() == Some(&token.id);
    let asked = options.strategy.unwrap_or(Strategy::Reset);
    // A reset at once could leave nobody with a credential.
    let strategy = if is_own && overlap == 0 { Strategy::Replace } else { asked };
    Ok(Journal {
        version: VERSION,
        account_id: caller.account_id.clone(),
        token_id: token.id.to_string(),
        name: token.name.clone(),
        strategy,
        asked: Some(asked),
        step: Step::Planned,
        overlap,
        old: state(token),
        attempts: 0,
        sent_at: None,
        lost_at: None,
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
