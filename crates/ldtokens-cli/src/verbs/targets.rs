//! Finds the tokens that a command is about, by ID or by a unique name.

use std::collections::{HashMap, HashSet};

use ldtokens::{Error, Token, TokenId};
use ldtokens_plan::is_id;

use crate::account::Session;
use crate::files::text;
use crate::terminal::{Failure, Kind, has_secret, progress, visible};

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

/// A token that a command is about, and what becomes of it.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) target: Target,
    /// The token as it was just read.
    pub(crate) before: Option<Token>,
    /// The token as it is to be. None if it is not known, or if the change is not one of properties.
    pub(crate) after: Option<Token>,
    /// Why it could not be read.
    pub(crate) problem: Option<String>,
}

impl Item {
    pub(crate) fn new(target: Target, before: Option<Token>) -> Self {
        Self { target, before, after: None, problem: None }
    }

    pub(crate) fn of(token: Token) -> Self {
        Self::new(Target { id: token.id.clone(), name: token.name.clone() }, Some(token))
    }

    /// Whether it is known that nothing has to be changed.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.after.is_some() && self.after == self.before
    }
}

/// With more words than this, no similar name is looked for.
const FEW: usize = 20;

/// Finds the tokens by their IDs and names, each once, in order, with those that were read to find them. `by_name` takes every word as a
/// name, and `ignore_not_found` skips words that name no token.
pub(crate) async fn find_tokens(
    session: &Session,
    words: &[String],
    by_name: bool,
    ignore_not_found: bool,
) -> Result<Vec<Item>, Failure> {
    let mut known = Vec::new();
    if words.iter().any(|word| by_name || !is_id(word)) {
        let set: HashSet<&str> = words.iter().map(String::as_str).collect();
        let may_be_meant =
            |name: &str| set.contains(name) || words.len() <= FEW && words.iter().any(|word| is_near(word, name));
        let is_meant =
            |token: &Token| set.contains(token.id.as_str()) || token.name.as_deref().is_some_and(may_be_meant);
        known = read_list(session, "looking up names", is_meant).await?;
    }
    of_words(words, &known, by_name, ignore_not_found)
}

/// The same, of these tokens.
pub(crate) fn of_words(
    words: &[String],
    tokens: &[Token],
    by_name: bool,
    ignore_not_found: bool,
) -> Result<Vec<Item>, Failure> {
    let by_id: HashMap<&str, &Token> = tokens.iter().map(|token| (token.id.as_str(), token)).collect();
    let mut named: HashMap<&str, Vec<&Token>> = HashMap::new();
    for token in tokens {
        named.entry(token.name.as_deref().unwrap_or_default()).or_default().push(token);
    }
    let (mut items, mut seen) = (Vec::new(), HashSet::new());
    for word in words {
        let of_id = by_id.get(word.as_str()).filter(|_| !by_name);
        let item = match (of_id, named.get(word.as_str()).map(Vec::as_slice).unwrap_or_default()) {
            (Some(&token), _) | (None, &[token]) => Item::of(token.clone()),
            (None, []) if is_id(word) && !by_name => {
                Item::new(Target { id: TokenId::new(word.as_str())?, name: None }, None)
            }
            (None, []) if ignore_not_found => continue,
            (None, []) => {
                let mut near = named.keys().filter(|name| is_near(word, name));
                let hint = near.next().filter(|_| near.next().is_none());
                let hint = hint.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
                let text = format!("no token visible to this credential has the name or ID `{word}`");
                let text = format!("{text}; `ldtokens list --show-all` lists them{hint}");
                return Err(Failure::new(Kind::NotFound, text));
            }
            (None, several) => {
                let ids: Vec<_> = several.iter().map(|token| token.id.as_str()).collect();
                let text = format!("{} tokens are named `{word}`: use an ID: {}", ids.len(), ids.join(", "));
                return Err(Failure::usage(text));
            }
        };
        if seen.insert(item.target.id.clone()) {
            items.push(item);
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

/// The tokens of all members that are meant. `doing` says why they are read.
pub(crate) async fn read_list(
    session: &Session,
    doing: &str,
    is_meant: impl FnMut(&Token) -> bool,
) -> Result<Vec<Token>, Failure> {
    let (tokens, errors) = read_all(session, true, doing, is_meant).await?;
    errors.into_iter().next().map_or(Ok(tokens), |error| Err(error.into()))
}

/// The same, with the errors after which others could be read.
pub(crate) async fn read_all(
    session: &Session,
    all_members: bool,
    doing: &str,
    mut is_meant: impl FnMut(&Token) -> bool,
) -> Result<(Vec<Token>, Vec<Error>), Failure> {
    let mut reads = 0;
    loop {
        reads += 1;
        let mut stream = session.client.list().all_members(all_members).stream();
        let (mut meant, mut errors, mut seen) = (Vec::new(), Vec::new(), 0_u64);
        while let Some(token) = session.interrupt.unless(stream.next()).await? {
            match token {
                Ok(token) if is_meant(&token) => meant.push(token),
                Ok(_) => {}
                Err(error @ (Error::Undecodable { .. } | Error::ListChanged { .. } | Error::WrongTotal { .. })) => {
                    errors.push(error);
                }
                Err(error) => return Err(error.into()),
            }
            seen += 1;
            if seen.is_multiple_of(PAGE) {
                progress::show(&format!("{doing}: {seen} tokens read"));
            }
        }
        progress::clear();
        if reads == READS || !errors.iter().any(|error| matches!(error, Error::ListChanged { .. })) {
            return Ok((meant, errors));
        }
    }
}

/// How often a list is read that changes while it is read.
const READS: u32 = 3;

/// The maximum number of tokens that a message names.
pub(crate) const NAMED: usize = 5;

/// After how many tokens the progress of a list is shown.
pub(crate) const PAGE: u64 = 100;
