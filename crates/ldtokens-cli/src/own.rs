//! The token in use, among several: what is done to it is done last, since afterwards it may do no more.

use ldtokens_lifecycle::identify;

use crate::connect::Session;
use crate::failure::Failure;
use crate::targets::Target;

/// Moves the token in use to the end of several, and gives whether it is among them.
pub(crate) async fn own_last(session: &Session, targets: &mut [Target]) -> Result<bool, Failure> {
    if targets.len() < 2 {
        return Ok(false);
    }
    // Where the API does not tell, the order stays as it is.
    let Ok(caller) = session.interrupt.unless(identify(&session.client)).await? else { return Ok(false) };
    let is_own = |target: &Target| caller.token_id.as_deref() == Some(target.id.as_str());
    targets.sort_by_key(is_own);
    Ok(targets.last().is_some_and(is_own))
}

/// What a question says of it.
pub(crate) fn note(has_own: bool) -> &'static str {
    if has_own { " The token in use is among them, and comes last." } else { "" }
}
