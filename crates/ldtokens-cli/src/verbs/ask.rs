//! Asks for confirmation on a terminal.

use std::io::{self, IsTerminal, Write};

use crate::account::connect::Session;
use crate::arguments::ConfirmArgs;
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::say;
use crate::verbs::targets::Target;

/// Whether there is a terminal to ask on.
fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Returns an error unless `--yes` was given or the user answers yes. `question` is called only if it is asked.
pub(crate) async fn confirm(
    arguments: ConfirmArgs,
    session: &Session,
    targets: &[Target],
    question: impl AsyncFnOnce() -> Result<String, Failure>,
) -> Result<(), Failure> {
    if arguments.yes || session.is_dry_run || targets.is_empty() {
        return Ok(());
    }
    if !can_ask() {
        return Err(Failure::usage("this can't be undone and there is no terminal to confirm on: use --yes"));
    }
    warn_of_own(session, targets).await?;
    let question = question().await?;
    let mut error = anstream::stderr();
    let _ = write!(error, "{question} [y/N] ").and_then(|()| error.flush());
    let reading = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    });
    let answer = session.interrupt.unless(reading).await?;
    let answer = answer.ok().and_then(Result::ok).unwrap_or_default();
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::new(Kind::Interrupted, "cancelled: nothing was changed")),
    }
}

/// Warns if one of the tokens is the one that this command uses, if the API says which one that is.
async fn warn_of_own(session: &Session, targets: &[Target]) -> Result<(), Failure> {
    let own = session.own_token().await?;
    if let Some(target) = targets.iter().find(|target| Some(&target.id) == own) {
        say::warning(&format!("{target} is the token that this command uses: its secret stops working here too"));
    }
    Ok(())
}
