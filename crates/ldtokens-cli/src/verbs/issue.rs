//! Delivers the secret of a token that was created or reset, which the API returns only once.

use ldtokens::IssuedToken;

use crate::account::connect::Session;
use crate::terminal::failure::Failure;
use crate::verbs::deliver::Delivery;
use crate::verbs::{Printing, json};

/// Delivers the secret, prints the token and then its warnings. Returns where the secret is. `done` says what was done, and
/// `state` what state the token is in and how to recover, if the delivery fails.
pub(crate) fn deliver_and_print(
    session: &Session,
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
    let delivered = delivery.hand_out(issued.id.as_str(), &issued.secret, || printing.token(&token), done, state);
    for warning in &issued.warnings {
        session.warn(warning);
    }
    delivered.map(|()| place)
}
