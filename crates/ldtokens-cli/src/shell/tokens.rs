//! The tokens that there are, for a shell that asks: soon, or not at all.

use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

use clap::{Command, FromArgMatches};
use clap_complete::engine::CompletionCandidate;
use ldtokens::{Client, RetryPolicy, Secret};

use super::line::Line;
use crate::account::credential::Source;
use crate::account::local;
use crate::account::settings::{Settings, in_home};
use crate::arguments::GlobalArgs;
use crate::terminal::output::visible::visible;
use crate::terminal::redact::has_secret;
use crate::verbs::targets::PAGE;

/// How long somebody who pressed a key waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// More than anybody reads through.
const MOST: usize = 1000;

/// What is shown of a token.
struct Known {
    id: String,
    /// Fit to be shown.
    name: Option<String>,
}

/// The IDs that go on from `word`, with the tokens' names.
pub(super) fn by_id(line: &Line, command: fn() -> Command, word: &str) -> Vec<CompletionCandidate> {
    candidates(line, command, word).0
}

/// The IDs that go on from `word`, and the names, if anything is typed.
pub(super) fn by_id_or_name(line: &Line, command: fn() -> Command, word: &str) -> Vec<CompletionCandidate> {
    let (mut by_id, by_name) = candidates(line, command, word);
    if !word.is_empty() {
        by_id.extend(by_name);
    }
    by_id
}

/// Those by ID and those by name, without the ones that are on the line already.
fn candidates(
    line: &Line,
    command: fn() -> Command,
    word: &str,
) -> (Vec<CompletionCandidate>, Vec<CompletionCandidate>) {
    let tokens = known(line, command);
    let is_free = |word: &str| !line.before.iter().any(|before| before == word);
    let is_only = |name: &str| tokens.iter().filter(|token| token.name.as_deref() == Some(name)).count() == 1;
    let candidate = |value: &str, help: &str| CompletionCandidate::new(value).help(Some(help.to_owned().into()));
    let by_id = tokens.iter().filter(|token| token.id.starts_with(word) && is_free(&token.id));
    let by_id = by_id.map(|token| candidate(&token.id, token.name.as_deref().unwrap_or("no name")));
    let by_name = tokens.iter().filter_map(|token| Some((token.name.as_deref()?, &token.id)));
    let by_name = by_name.filter(|(name, id)| {
        name.starts_with(word) && line.can_be(name) && is_only(name) && is_free(name) && is_free(id)
    });
    (by_id.collect(), by_name.map(|(name, id)| candidate(name, id)).collect())
}

/// What can be learned in time. Whatever goes wrong is for the command itself to say.
fn known(line: &Line, command: fn() -> Command) -> Vec<Known> {
    let end = Instant::now() + PATIENCE;
    let words = line.before.clone();
    let (sender, tokens) = mpsc::channel();
    // Opening a file can wait for ever, and so can what is in it; a thread is left behind, and ends with the program.
    std::thread::spawn(move || read(&words, command, &sender));
    let mut known = Vec::new();
    while let Ok(token) = tokens.recv_timeout(end.saturating_duration_since(Instant::now())) {
        known.push(token);
    }
    known
}

fn read(words: &[String], command: fn() -> Command, to: &Sender<Known>) -> Option<()> {
    // What the shell will make of a path in the user's home.
    let words = words.iter().map(|word| in_home(Path::new(word)).unwrap_or_else(|_| word.into()));
    let matches = command().ignore_errors(true).try_get_matches_from(words).ok()?;
    let global = GlobalArgs::from_arg_matches(&matches).ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    runtime.block_on(with_credential(&global, to))
}

async fn with_credential(global: &GlobalArgs, to: &Sender<Known>) -> Option<()> {
    let settings = Settings::read(global).ok()?;
    match &settings.credential.as_ref()?.value {
        // A command may ask, and standard input is the shell's.
        Source::Command(_) | Source::Stdin => None,
        Source::File(path) if !path.is_file() => None,
        source @ (Source::File(_) | Source::Variable(_)) => {
            list(source.take().ok()?, &settings.host.as_ref()?.value, to).await
        }
        Source::Local => {
            // To ask makes no account.
            if !local::store().ok()?.is_file() {
                return None;
            }
            let (server, secret) = local::start().await.ok()?;
            list(secret, server.url(), to).await;
            server.stop().await;
            Some(())
        }
    }
}

async fn list(credential: Secret, host: &str, to: &Sender<Known>) -> Option<()> {
    let once = RetryPolicy::default().deadline(PATIENCE).max_attempts(1);
    let client = Client::builder(credential).host(host).user_agent_suffix("ldtokens-cli").retry(once).build().ok()?;
    let mut tokens = client.list().all_members(true).page_size(PAGE).stream();
    for _ in 0..MOST {
        let token = tokens.next().await?.ok()?;
        // What others wrote goes to this terminal: nothing hidden, and no secret that a name may be.
        let is_fit = |name: &String| visible(name) == *name && !has_secret(name) && !name.is_empty();
        if token.id.as_str().bytes().all(|letter| letter.is_ascii_alphanumeric()) {
            to.send(Known { id: token.id.into(), name: token.name.filter(is_fit) }).ok()?;
        }
    }
    Some(())
}
