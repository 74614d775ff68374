//! What a create and a reset have in common: a secret that is there once, and has to reach its place.

use ldtokens::IssuedToken;

use crate::deliver::Delivery;
use crate::failure::{Failure, Kind};
use crate::verbs::{Printing, json};

/// Delivers the secret and prints the token. `state` says what the token's state is, and how to recover, if the secret is
/// lost on the way.
pub(crate) fn hand_out(
    issued: &IssuedToken,
    delivery: Delivery,
    printing: &mut Printing,
    state: impl Fn(&str) -> String,
) -> Result<(), Failure> {
    let lost = |reason: &str| Failure::new(Kind::SecretNotDelivered, state(reason));
    let mut token = json(&issued.token);
    let is_printed = delivery.is_stdout();
    if is_printed {
        token["token"] = issued.secret.expose().into();
    }
    delivery.deliver(&issued.id, &issued.secret).map_err(|reason| lost(&reason))?;
    match printing.token(&token) {
        Err(failure) if is_printed => Err(lost(&failure.to_string())),
        Ok(false) if is_printed => Err(lost("nobody reads standard output")),
        result => result.map(|_| ()),
    }
}
