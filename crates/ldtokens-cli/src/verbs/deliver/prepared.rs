//! The delivery of one secret, and what is printed with it.

use std::io::{self, IsTerminal};

use ldtokens::{IssuedToken, Secret};
use ldtokens_lifecycle::{Delivered, Delivery, Metadata};
use serde_json::Value;

use crate::terminal::failure::{Failure, Kind};
use crate::terminal::output::write;
use crate::terminal::say;
use crate::verbs::deliver::Print;
use crate::verbs::json;

/// The prepared delivery of one secret.
pub(crate) struct PreparedDelivery {
    pub(super) delivery: Delivery,
    pub(super) print: Option<Print>,
}

impl PreparedDelivery {
    /// Whether the secret is printed as part of the token.
    pub(crate) fn is_printed(&self) -> bool {
        self.print == Some(Print::WithToken)
    }

    /// Delivers the secret of the token, and prints the token with `print`, which returns whether standard output is still
    /// read. Returns a sentence that says where the secret is. `state` makes the error message if the delivery fails: the
    /// token's state, and how to recover. `done` is for the error if only the token can't be printed.
    pub(crate) async fn deliver(
        mut self,
        metadata: &Metadata,
        secret: &Secret,
        print: impl FnOnce() -> Result<bool, Failure>,
        done: &str,
        state: impl Fn(&str) -> String,
    ) -> Result<String, Failure> {
        let delivered = self.delivery.deliver(secret, metadata).await;
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
            _ => print(),
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
            return Err(Failure::new(Kind::SecretNotDelivered, state(&problems.join("; "))));
        }
        if self.is_printed() && places.is_empty() && io::stdout().is_terminal() {
            return Ok("Store the secret now: it is not shown again".to_owned());
        }
        places.extend(self.print.map(|_| "standard output".to_owned()));
        Ok(format!("Secret delivered to {}", places.join(", ")))
    }

    /// Delivers the secret, prints the token and then its warnings. Returns where the secret is.
    pub(crate) async fn deliver_and_print(
        self,
        issued: &IssuedToken,
        print: impl FnOnce(&Value) -> Result<bool, Failure>,
        done: &str,
        state: impl Fn(&str) -> String,
    ) -> Result<String, Failure> {
        let mut token = json(&issued.details);
        if self.is_printed() {
            token["token"] = issued.secret.expose().into();
        }
        let metadata = Metadata::new(issued.id.as_str(), issued.details.name.as_deref());
        let delivered = self.deliver(&metadata, &issued.secret, || print(&token), done, state).await;
        for warning in &issued.warnings {
            say::warning(warning);
        }
        delivered
    }
}
