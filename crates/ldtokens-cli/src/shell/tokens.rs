//! Completes IDs and names of tokens. It lists the tokens within a time limit, and ignores all errors.

use std::path::Path;
use std::time::Duration;

use clap::{Command, FromArgMatches};
use clap_complete::engine::CompletionCandidate;
use ldtokens::RetryPolicy;

use super::bash::Line;
use crate::account::{Settings, Source, client_builder, in_home, local_store, start_local};
use crate::arguments::GlobalArgs;
use crate::terminal::{has_secret, visible};

/// The time limit of a completion.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The maximum number of tokens.
const MAX_TOKENS: usize = 1000;

/// A token's ID, and its name if that is safe to print.
type Suggestion = (String, Option<String>);

/// The IDs that start with `word`, and the names if `by_name`. Tokens that are on the line already are left out.
pub(super) fn candidates(line: &Line, command: fn() -> Command, word: &str, by_name: bool) -> Vec<CompletionCandidate> {
    let tokens = fetch(line, command).unwrap_or_default();
    let is_free = |word: &str| !line.before.iter().any(|before| before == word);
    let is_only = |name: &str| tokens.iter().filter(|(_, other)| other.as_deref() == Some(name)).count() == 1;
    let candidate = |value: &str, help: &str| CompletionCandidate::new(value).help(Some(help.to_owned().into()));
    let by_id = tokens.iter().filter(|(id, _)| id.starts_with(word) && is_free(id));
    let by_id = by_id.map(|(id, name)| candidate(id, name.as_deref().unwrap_or("no name")));
    let named = tokens.iter().filter_map(|(id, name)| Some((id, name.as_deref().filter(|_| by_name)?)));
    let by_name = named.filter(|(id, name)| {
        name.starts_with(word) && line.can_be(name) && is_only(name) && is_free(name) && is_free(id)
    });
    by_id.chain(by_name.map(|(id, name)| candidate(name, id))).collect()
}

/// The tokens that arrive within the time limit. Errors are ignored: the command itself will report them.
fn fetch(line: &Line, command: fn() -> Command) -> Option<Vec<Suggestion>> {
    // Replaces `~`, as the shell will.
    let words = line.before.iter().map(|word| in_home(Path::new(word)));
    let matches = command().ignore_errors(true).try_get_matches_from(words).ok()?;
    let global = GlobalArgs::from_arg_matches(&matches).ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let mut tokens = Vec::new();
    let _ = runtime.block_on(async { tokio::time::timeout(TIMEOUT, list(&global, &mut tokens)).await });
    // Don't wait for a store that another command has open.
    runtime.shutdown_background();
    Some(tokens)
}

async fn list(global: &GlobalArgs, suggestions: &mut Vec<Suggestion>) -> Option<()> {
    let settings = Settings::read(global).ok()?;
    let (server, secret, host) = match &settings.credential.as_ref()?.value {
        // A command may ask the user something, and standard input belongs to the shell.
        Source::Command(_) | Source::Stdin => return None,
        Source::File(path) if !path.is_file() => return None,
        source @ (Source::File(_) | Source::Variable(_)) => (None, source.take().ok()?, settings.host?.value),
        // A completion does not create the store.
        Source::Local if !local_store().ok()?.is_file() => return None,
        Source::Local => {
            let (server, secret) = start_local().await.ok()?;
            let host = server.url().to_owned();
            (Some(server), secret, host)
        }
    };
    let once = RetryPolicy { deadline: TIMEOUT, max_attempts: 1, ..RetryPolicy::default() };
    let client = client_builder(secret, &host, global).retry(once).build().ok()?;
    let mut tokens = client.list().all_members(true).stream();
    for _ in 0..MAX_TOKENS {
        let Some(Ok(token)) = tokens.next().await else { break };
        // The name goes to the terminal: it may not have hidden characters, or be a secret.
        let is_printable = |name: &String| visible(name) == *name && !has_secret(name) && !name.is_empty();
        if token.id.as_str().bytes().all(|letter| letter.is_ascii_alphanumeric()) {
            suggestions.push((token.id.into(), token.name.filter(is_printable)));
        }
    }
    if let Some(server) = server {
        server.stop().await;
    }
    Some(())
}
