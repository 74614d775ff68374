//! Whether a list of the tokens of all members has them all. To a credential that is not an administrator's, the API shows only
//! some, and does not say so.

use crate::account::connect::Session;
use crate::terminal::failure::{Failure, Kind};

/// Warns if the credential can't see all tokens, or if that is not known. With `require_all` it is an error.
pub(crate) async fn check(session: &Session, require_all: bool) -> Result<(), Failure> {
    let own = match session.own_token().await? {
        Some(id) => session.interrupt.unless(session.client.get(id)).await?.ok(),
        None => None,
    };
    let text = match own {
        Some(own) if ldtokens_audit::sees_all(&own) => return Ok(()),
        Some(own) => {
            let personal = if own.service_token == Some(true) { "" } else { ", and this member's own" };
            format!(
                "not all tokens are seen: the credential has no Admin role, so there are only service tokens{personal}"
            )
        }
        None => "it is not known whether all tokens are seen: that takes a credential with the Admin role".to_owned(),
    };
    if require_all {
        return Err(Failure::new(Kind::Forbidden, text));
    }
    session.warn(&text);
    Ok(())
}
