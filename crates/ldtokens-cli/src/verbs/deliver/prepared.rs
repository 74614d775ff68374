//! The delivery of one secret, what is printed with it, and what to do about errors.

use std::fmt::Display;
use std::io::{self, IsTerminal};

use ldtokens::{Secret, TokenId};
use ldtokens_lifecycle::{Delivered, Delivery, Error, Metadata, Reason};
use serde_json::Value;

use crate::terminal::{Failure, Kind, write};
use crate::verbs::deliver::Print;

/// The prepared delivery of one secret.
pub(crate) struct PreparedDelivery {
    pub(super) delivery: Delivery,
    pub(super) print: Option<Print>,
}

impl PreparedDelivery {
    /// Delivers the secret of the token, and prints the token with `print`, which returns whether standard output is still
    /// read. Returns a sentence that says where the secret is. For errors, `done` says what was done, and `recovery` how to get
    /// another secret.
    pub(crate) async fn deliver(
        mut self,
        mut token: Value,
        secret: &Secret,
        done: &str,
        recovery: &str,
        print: impl FnOnce(&Value) -> Result<bool, Failure>,
    ) -> Result<String, Failure> {
        let is_part = self.print == Some(Print::WithToken);
        token["token"] = if is_part { secret.expose() } else { secret.last_four() }.into();
        let text = |name: &str| token.get(name).and_then(Value::as_str);
        let metadata = Metadata::new(text("_id").unwrap_or_default(), text("name"));
        let delivered = self.delivery.deliver(secret, &metadata).await;
        let (mut problems, mut places) = (Vec::new(), Vec::new());
        for Delivered { label, note, problem, .. } in delivered {
            match (problem, note) {
                (Some(problem), _) => problems.push(format!("{label}: {problem}")),
                (None, Some(note)) => places.push(format!("{label} ({note})")),
                (None, None) => places.push(label),
            }
        }
        let printed = match self.print {
            Some(Print::Alone) => write(&format!("{}\n", secret.expose())),
            _ => print(&token),
        };
        match printed {
            Err(failure) if self.print.is_some() => problems.push(failure.to_string()),
            Ok(false) if self.print.is_some() => problems.push("nobody reads standard output".to_owned()),
            Err(failure) if problems.is_empty() => {
                return Err(failure.after(format!("{done}, and its secret delivered")));
            }
            _ => {}
        }
        if !problems.is_empty() {
            let why = format!("{done}, but its secret could not be delivered: {}; {recovery}", problems.join("; "));
            return Err(Failure::new(Kind::SecretNotDelivered, why));
        }
        if is_part && places.is_empty() && io::stdout().is_terminal() {
            return Ok("Store the secret now: it is not shown again".to_owned());
        }
        places.extend(self.print.map(|_| "standard output".to_owned()));
        Ok(format!("Secret delivered to {}", places.join(", ")))
    }
}

/// What to do if the new secret of the token is lost.
pub(crate) fn to_get_another(id: impl Display) -> String {
    format!("to get another run `ldtokens reset {id} --yes --secret-to FILE`")
}

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
        Reason::TooMany => {
            (Kind::SecretNotDelivered, "make the destinations work, then run the same command with --again")
        }
        Reason::Overtaken => {
            (Kind::Conflict, "look at the token and who else rotates it; if nobody does, give --again")
        }
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
