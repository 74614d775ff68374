//! Asks for confirmation, on the terminal.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};

use crate::account::connect::Session;
use crate::arguments::ConfirmArgs;
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::{progress, say};
use crate::verbs::targets::Target;

/// Where people are asked if standard input or standard error is something else.
const TERMINAL: &str = if cfg!(windows) { "CONIN$" } else { "/dev/tty" };

/// The terminal to ask on. A job that nobody watches has none, even if it was started from one.
fn terminal() -> Option<File> {
    let is_watched = io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal();
    is_watched.then(|| File::open(TERMINAL).ok()).flatten()
}

/// Prints a question, where the answer is typed.
fn prompt(text: &str) -> io::Result<()> {
    progress::clear();
    if io::stderr().is_terminal() {
        let mut error = anstream::stderr();
        write!(error, "{text}").and_then(|()| error.flush())
    } else {
        File::options().write(true).open(if cfg!(windows) { "CONOUT$" } else { TERMINAL })?.write_all(text.as_bytes())
    }
}

/// The same as [`ask`], for tokens whose secrets stop working.
pub(crate) async fn confirm(
    arguments: ConfirmArgs,
    session: &Session,
    targets: &[Target],
    question: impl AsyncFnOnce() -> Result<String, Failure>,
) -> Result<(), Failure> {
    if targets.is_empty() {
        return Ok(());
    }
    ask(arguments, session, async || {
        warn_of_own(session, targets.iter()).await?;
        question().await
    })
    .await
}

/// Returns an error unless `--yes` was given or the user answers yes. `question` is called only if it is asked.
pub(crate) async fn ask(
    arguments: ConfirmArgs,
    session: &Session,
    question: impl AsyncFnOnce() -> Result<String, Failure>,
) -> Result<(), Failure> {
    if arguments.yes || session.is_dry_run {
        return Ok(());
    }
    let Some(terminal) = terminal() else {
        return Err(Failure::usage("there is no terminal to confirm this on: use --yes"));
    };
    let question = question().await?;
    prompt(&format!("{}: {question} [y/N] ", session.account))
        .map_err(|error| Failure::usage(format!("can't ask on the terminal: {error}; use --yes")))?;
    let reading = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        BufReader::new(terminal).read_line(&mut line).map(|_| line)
    });
    let answer = session.interrupt.unless(reading).await?;
    let answer = answer.ok().and_then(Result::ok).unwrap_or_default();
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::new(Kind::Interrupted, "cancelled: nothing was changed")),
    }
}

/// Warns if one of the tokens is the one that this command uses, if the API says which one that is.
pub(crate) async fn warn_of_own(session: &Session, mut targets: impl Iterator<Item = &Target>) -> Result<(), Failure> {
    let own = session.own_token().await?;
    if let Some(target) = targets.find(|target| Some(&target.id) == own) {
        say::warning(&format!("{target} is the token that this command uses: its secret stops working here too"));
    }
    Ok(())
}
