//! Finds the tokens that a command is about, by ID or by a unique name.

use std::collections::HashSet;

use clap::Args;
use ldtokens::{Token, TokenId};

use crate::account::connect::Session;
use crate::files::text;
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::output::visible::visible;
use crate::terminal::progress;
use crate::terminal::redact::has_secret;
use crate::verbs::plan::Item;

/// A token that a command is about.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) id: TokenId,
    /// Its name, if it had to be looked up.
    pub(crate) name: Option<String>,
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} ({})", self.id, visible(name)),
            None => write!(f, "{}", self.id),
        }
    }
}

/// The tokens that a command is about, as they are named on the command line.
#[derive(Args, Clone, Debug)]
pub(crate) struct TargetArgs {
    /// Token IDs or names; - reads IDs from standard input, one per line
    #[arg(value_name = "ID|NAME", num_args(1..), required = true)]
    pub(crate) tokens: Vec<String>,

    /// Take every token by its name, even one that looks like an ID
    #[arg(long)]
    pub(crate) by_name: bool,
}

/// Finds the tokens by their IDs and names, each once, in order.
pub(crate) async fn find(arguments: &TargetArgs, session: &Session, words: &[String]) -> Result<Vec<Target>, Failure> {
    if words.is_empty() {
        session.note("standard input names no token: nothing to do");
    }
    let items = find_tokens(session, words, arguments.by_name, false).await?;
    Ok(items.into_iter().map(|item| item.target).collect())
}

/// The same, with the tokens that were read to find them. `by_name` takes every word as a name, and `ignore_not_found` skips
/// words that name no token.
pub(crate) async fn find_tokens(
    session: &Session,
    words: &[String],
    by_name: bool,
    ignore_not_found: bool,
) -> Result<Vec<Item>, Failure> {
    let (mut named, mut names) = (Vec::new(), HashSet::new());
    if words.iter().any(|word| by_name || !is_id(word)) {
        let words: HashSet<&str> = words.iter().map(String::as_str).collect();
        let is_meant = |token: &Token| {
            names.extend(token.name.clone().filter(|name| words.iter().any(|word| is_near(word, name))));
            words.contains(token.id.as_str()) || token.name.as_deref().is_some_and(|name| words.contains(name))
        };
        named = read_list(session, "looking up names", is_meant).await?;
    }
    let mut items: Vec<Item> = Vec::new();
    let mut known = HashSet::new();
    for word in words {
        let target = match target(word, &named, by_name) {
            Err(failure) if failure.kind() == Kind::NotFound && ignore_not_found => continue,
            Err(failure) if failure.kind() == Kind::NotFound => {
                let mut near = names.iter().filter(|name| is_near(word, name));
                let hint = near.next().filter(|_| near.next().is_none());
                let hint = hint.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
                return Err(Failure::new(Kind::NotFound, format!("{failure}{hint}")));
            }
            target => target?,
        };
        if known.insert(target.id.clone()) {
            let token = named.iter().find(|token| token.id == target.id).cloned();
            items.push(Item::new(target, token));
        }
    }
    Ok(items)
}

/// Whether a token's name differs from the word in its case or in one letter only.
fn is_near(word: &str, name: &str) -> bool {
    let (word, name) = (word.to_lowercase(), name.to_lowercase());
    word.len().abs_diff(name.len()) <= 4 && strsim::osa_distance(&word, &name) <= 1
}

/// The IDs and names, with those from standard input.
pub(crate) fn words(tokens: &[String]) -> Result<Vec<String>, Failure> {
    let mut words = Vec::new();
    let unmarked = |word: &str| word.trim_start_matches('\u{feff}').to_owned();
    for word in tokens {
        if word == "-" {
            let text = text::of_stdin("the IDs")?;
            words.extend(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
        } else {
            // It may come from a file with a byte-order mark, as in `$(cat ids.txt)`.
            words.push(unmarked(word));
        }
    }
    if words.iter().any(|word| has_secret(word)) {
        return Err(Failure::usage(
            "a secret was given instead of a token's ID or name; if it is a real one, reset its token",
        ));
    }
    if words.iter().any(|word| word.trim().is_empty()) {
        return Err(Failure::usage("an empty text names no token"));
    }
    Ok(words)
}

/// Whether it has the form of an ID, 24 hexadecimal digits, and need not be looked up.
pub(crate) fn is_id(word: &str) -> bool {
    word.len() == 24 && word.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// The tokens of all members that are meant. `doing` says why they are read.
pub(crate) async fn read_list(
    session: &Session,
    doing: &str,
    mut is_meant: impl FnMut(&Token) -> bool,
) -> Result<Vec<Token>, Failure> {
    let mut tokens = session.client.list().all_members(true).stream();
    let (mut meant, mut seen) = (Vec::new(), 0_u64);
    while let Some(token) = session.interrupt.unless(tokens.next()).await? {
        let token = token?;
        seen += 1;
        if seen.is_multiple_of(PAGE) {
            progress::show(&format!("{doing}: {seen} tokens read"));
        }
        if is_meant(&token) {
            meant.push(token);
        }
    }
    progress::clear();
    Ok(meant)
}

/// The maximum number of tokens that a question names.
pub(crate) const NAMED: usize = 5;

/// After how many tokens the progress of a list is shown.
pub(crate) const PAGE: u64 = 100;

/// Finds the one token that a word names.
pub(crate) fn target(word: &str, known: &[Token], names_only: bool) -> Result<Target, Failure> {
    let by_id = known.iter().find(|token| token.id == word && !names_only);
    let by_name: Vec<_> = known.iter().filter(|token| token.name.as_deref() == Some(word)).collect();
    match (by_id, &by_name[..]) {
        (Some(token), _) | (None, &[token]) => Ok(Target { id: token.id.clone(), name: token.name.clone() }),
        (None, []) if is_id(word) && !names_only => Ok(Target { id: TokenId::new(word)?, name: None }),
        (None, []) => Err(Failure::new(
            Kind::NotFound,
            format!(
                "no token visible to this credential has the name or ID `{word}`; `ldtokens list --show-all` lists them"
            ),
        )),
        (None, several) => {
            let ids: Vec<_> = several.iter().map(|token| token.id.as_str()).collect();
            Err(Failure::usage(format!("{} tokens are named `{word}`: use an ID: {}", ids.len(), ids.join(", "))))
        }
    }
}

/// How a question speaks of `count` tokens, of which the first have these names.
pub(crate) fn enumerate(mut names: Vec<String>, count: usize) -> String {
    if names.len() < count {
        names.push(format!("{} more", count - names.len()));
    }
    match count {
        1 => format!("the token {}", names.concat()),
        _ => format!("these {count} tokens: {}", names.join(", ")),
    }
}
