//! Moves the token in use to the end of a batch, since changing it can end the command's own access.

use crate::account::connect::Session;
use crate::terminal::failure::Failure;
use crate::verbs::targets::Target;

/// Moves the token in use to the end.
pub(crate) async fn own_last(session: &Session, targets: &mut [Target]) -> Result<(), Failure> {
    if targets.len() < 2 {
        return Ok(());
    }
    if let Some(own) = session.own_token().await? {
        targets.sort_by_key(|target| target.id == *own);
    }
    Ok(())
}
