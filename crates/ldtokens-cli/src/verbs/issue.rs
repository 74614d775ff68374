//! What a create and a reset have in common: a secret that is there once, and has to reach its place.

use ldtokens::IssuedToken;

use crate::terminal::failure::Failure;
use crate::verbs::deliver::Delivery;
use crate::verbs::{Printing, json};

/// Delivers the secret, prints the token and gives where the secret is. `done` says what was done, and `state` what the token's
/// state is, and how to
/// recover, if the secret is lost on the way.
pub(crate) fn hand_out(
    issued: &IssuedToken,
    delivery: Delivery,
    printing: &mut Printing,
    done: &str,
    state: impl Fn(&str) -> String,
) -> Result<String, Failure> {
    let place = delivery.place();
    let mut token = json(&issued.details);
    if delivery.is_stdout() {
        token["token"] = issued.secret.expose().into();
    }
    delivery.hand_out(issued.id.as_str(), &issued.secret, || printing.token(&token), done, state)?;
    Ok(place)
}
