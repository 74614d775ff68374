//! What to do about errors of deliveries and rotations.

use ldtokens::TokenId;
use ldtokens_lifecycle::{Error, Reason};

use crate::terminal::failure::{Failure, Kind};

/// The failure, with advice. `id` is the token that was rotated.
pub(crate) fn failure(error: Error, id: Option<&TokenId>) -> Failure {
    const AGAIN: &str = "run the same command again to continue";
    if let Some(source) = error.source {
        let failure = Failure::from(*source);
        return match (error.step, id) {
            (Some(_), Some(id)) => failure.within(format!("the rotation of {id} is not finished; {AGAIN} it")),
            _ if error.text.is_empty() => failure,
            _ => failure.within(error.text),
        };
    }
    let (kind, advice) = match error.reason {
        Reason::Unusable => return Failure::usage(error.text),
        Reason::Occupied => (Kind::Usage, "name another destination, or give --overwrite"),
        Reason::NoDestination => (Kind::Usage, "say where the new secret goes"),
        Reason::NotDelivered => (Kind::SecretNotDelivered, AGAIN),
        Reason::Busy => (Kind::Conflict, "wait for it to end"),
        Reason::Journal => (
            Kind::Other,
            "mend that and run the same command again, or see which secret the token has and move the file away",
        ),
        Reason::OtherDestinations => (Kind::Usage, "give the same ones to continue, or --again to continue with these"),
        Reason::OtherAccount => (Kind::Usage, "use a credential of that account, or another --state-folder"),
        Reason::TooLate => (Kind::Usage, "use the same as before to continue"),
        Reason::EarlierOverlap => (Kind::Conflict, "if it is meant nevertheless, give --again"),
        Reason::Expired => (Kind::Usage, "use --strategy replace, or give it another expiry"),
        Reason::Replaced => (Kind::NotFound, "rotate that one"),
        Reason::Gone => (Kind::NotFound, "`ldtokens list --show-all` lists those it can see"),
        Reason::OthersPersonal => (Kind::Usage, "use --strategy reset"),
        Reason::Lost => {
            (Kind::SecretNotDelivered, "with --again it is reset again, which may end the old secret early")
        }
        Reason::Refused => (Kind::SecretNotDelivered, "run the same command again to get another"),
        Reason::NoSecret => (Kind::SecretNotDelivered, "run the same command again later"),
        Reason::TooMany => {
            (Kind::SecretNotDelivered, "make the destinations work, then run the same command with --again")
        }
        Reason::Overtaken => (Kind::Conflict, "look at the token, and who else rotates it"),
        Reason::CantSee => {
            (Kind::NotFound, "if it is certainly deleted, remove the rotation's file from the state folder")
        }
        Reason::NotHeld => (
            Kind::Conflict,
            "put the secret back there or, if it is lost and the old token still works, give --again to get another",
        ),
        _ => (Kind::Other, AGAIN),
    };
    Failure::new(kind, format!("{}; {advice}", error.text))
}
