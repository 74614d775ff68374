//! Completes IDs and names of tokens. It lists the tokens within a time limit, and ignores all errors.

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

/// The time limit of a completion.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The maximum number of tokens.
const MAX_TOKENS: usize = 1000;

/// The shown part of a token.
struct Suggestion {
    id: String,
    /// None if the name is not safe to print.
    name: Option<String>,
}

/// The IDs that start with `word`, with the tokens' names.
pub(super) fn by_id(line: &Line, command: fn() -> Command, word: &str) -> Vec<CompletionCandidate> {
    candidates(line, command, word).0
}

/// The IDs that start with `word`, and the names, unless `word` is empty.
pub(super) fn by_id_or_name(line: &Line, command: fn() -> Command, word: &str) -> Vec<CompletionCandidate> {
    let (mut by_id, by_name) = candidates(line, command, word);
    if !word.is_empty() {
        by_id.extend(by_name);
    }
    by_id
}

/// Candidates by ID and by name, without tokens that are on the line already.
fn candidates(
    line: &Line,
    command: fn() -> Command,
    word: &str,
) -> (Vec<CompletionCandidate>, Vec<CompletionCandidate>) {
    let tokens = fetch(line, command);
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

/// The tokens that arrive within the time limit. Errors are ignored: the command itself will report them.
fn fetch(line: &Line, command: fn() -> Command) -> Vec<Suggestion> {
    let end = Instant::now() + TIMEOUT;
    let words = line.before.clone();
    let (sender, tokens) = mpsc::channel();
    // Opening or reading a file can block forever. The thread is not joined; it ends with the program.
    std::thread::spawn(move || read(&words, command, &sender));
    let mut received = Vec::new();
    while let Ok(token) = tokens.recv_timeout(end.saturating_duration_since(Instant::now())) {
        received.push(token);
    }
    received
}

fn read(words: &[String], command: fn() -> Command, to: &Sender<Suggestion>) -> Option<()> {
    // Replaces `~`, as the shell will.
    let words = words.iter().map(|word| in_home(Path::new(word)).unwrap_or_else(|_| word.into()));
    let matches = command().ignore_errors(true).try_get_matches_from(words).ok()?;
    let global = GlobalArgs::from_arg_matches(&matches).ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    runtime.block_on(with_credential(&global, to))
}

async fn with_credential(global: &GlobalArgs, to: &Sender<Suggestion>) -> Option<()> {
    let settings = Settings::read(global).ok()?;
    match &settings.credential.as_ref()?.value {
        // A command may ask the user something, and standard input belongs to the shell.
        Source::Command(_) | Source::Stdin => None,
        Source::File(path) if !path.is_file() => None,
        source @ (Source::File(_) | Source::Variable(_)) => {
            list(source.take().ok()?, &settings.host.as_ref()?.value, to).await
        }
        Source::Local => {
            // A completion does not create the store.
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

async fn list(credential: Secret, host: &str, to: &Sender<Suggestion>) -> Option<()> {
    let once = RetryPolicy::default().deadline(TIMEOUT).max_attempts(1);
    let client = Client::builder(credential).host(host).user_agent_suffix("ldtokens-cli").retry(once).build().ok()?;
    let mut tokens = client.list().all_members(true).stream();
    for _ in 0..MAX_TOKENS {
        let token = tokens.next().await?.ok()?;
        // The name goes to the terminal: it may not have hidden characters, or be a secret.
        let is_printable = |name: &String| visible(name) == *name && !has_secret(name) && !name.is_empty();
        if token.id.as_str().bytes().all(|letter| letter.is_ascii_alphanumeric()) {
            to.send(Suggestion { id: token.id.into(), name: token.name.filter(is_printable) }).ok()?;
        }
    }
    Some(())
}
