//! The account that a store is filled with when the server starts, and that it can be put back to.

use ldtokens_client::{Secret, UnixMillis};

use super::{Account, AccountToken, seed};
use crate::response::ApiError;
use crate::secrets;
use crate::store::Records;

/// An account whose members, custom roles and tokens all have their IDs and secrets, and the number of seeded tokens.
#[derive(Debug)]
pub(crate) struct StartAccount {
    account: Account,
    seed_tokens: u32,
}

/// The secret of a token in a new store.
#[derive(Clone, Debug)]
pub(crate) struct TokenSecret {
    /// The name of the token.
    pub(crate) token: String,
    pub(crate) secret: Secret,
    /// Whether the account had no secret for the token.
    pub(crate) is_random: bool,
}

impl StartAccount {
    /// Gives the account what it lacks. Returns the secrets of its tokens too, in the order of the tokens.
    pub(crate) fn new(mut account: Account, seed_tokens: u32) -> (Self, Vec<TokenSecret>) {
        let ids = account.custom_roles.iter_mut().map(|role| &mut role.id);
        let ids = ids.chain(account.members.iter_mut().map(|member| &mut member.id));
        for id in ids.chain(account.tokens.iter_mut().map(|token| &mut token.id)) {
            id.get_or_insert_with(secrets::new_id);
        }
        let fill = |token: &mut AccountToken| {
            let is_random = token.secret.is_none();
            let secret = token.secret.get_or_insert_with(secrets::new_secret).clone();
            TokenSecret { token: token.name.clone(), secret, is_random }
        };
        let secrets = account.tokens.iter_mut().map(fill).collect();
        (Self { account, seed_tokens }, secrets)
    }

    /// The time that the server's clock shows at the start, if the account has one.
    pub(crate) fn clock(&self) -> Option<UnixMillis> {
        self.account.clock.map(UnixMillis::new)
    }

    /// Adds the account to an empty store.
    pub(crate) fn add_to(&self, records: &Records<'_>, now: i64) -> Result<(), ApiError> {
        self.account.add_to(records, now)?;
        seed::add_to(records, self.seed_tokens)
    }
}
