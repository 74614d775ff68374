//! Finds the tokens that a command is about, by ID or by a unique name.

use clap::Args;
use ldtokens::{Error, Token, TokenId};

use crate::account::connect::Session;
use crate::files::stdin;
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::output::visible::visible;
use crate::terminal::progress;
use crate::terminal::redact::has_secret;

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

    /// Whether to skip tokens that do not exist.
    #[arg(skip)]
    pub(crate) ignore_not_found: bool,
}

/// Finds the tokens by their IDs and names, each once, in order.
pub(crate) async fn find(arguments: &TargetArgs, session: &Session, words: &[String]) -> Result<Vec<Target>, Failure> {
    let mut named = Vec::new();
    if words.iter().any(|word| arguments.by_name || !is_id(word)) {
        named = session.interrupt.unless(bearing(session, words)).await??;
    }
    let mut targets: Vec<Target> = Vec::new();
    if words.is_empty() {
        session.note("standard input names no token: nothing to do");
    }
    for word in words {
        let target = match target(word, &named, arguments.by_name) {
            Err(failure) if failure.kind() == Kind::NotFound && arguments.ignore_not_found => continue,
            target => target?,
        };
        if !targets.iter().any(|known| known.id == target.id) {
            targets.push(target);
        }
    }
    Ok(targets)
}

/// The IDs and names, with those from standard input.
pub(crate) fn words(tokens: &[String]) -> Result<Vec<String>, Failure> {
    let mut words = Vec::new();
    let unmarked = |word: &str| word.trim_start_matches('\u{feff}').to_owned();
    for word in tokens {
        if word == "-" {
            let text = stdin::text("the IDs")?;
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

/// Lists the tokens whose ID or name is one of the words.
async fn bearing(session: &Session, words: &[String]) -> Result<Vec<Token>, Failure> {
    let mut tokens = session.client.list().all_members(true).page_size(PAGE).stream();
    let mut bearing = Vec::new();
    let mut seen = 0_u64;
    while let Some(token) = tokens.next().await {
        let token = token?;
        seen += 1;
        if seen.is_multiple_of(PAGE) {
            progress::show(&format!("looking up names: {seen} tokens read"));
        }
        if words.iter().any(|word| token.id == *word || token.name.as_deref() == Some(word)) {
            bearing.push(token);
        }
    }
    progress::clear();
    Ok(bearing)
}

/// The maximum number of tokens that a question names.
pub(crate) const NAMED: usize = 5;

/// The page size of lists.
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

/// The tokens as a question names them. Reads tokens whose names are not known yet.
pub(crate) async fn named(arguments: &TargetArgs, session: &Session, targets: &[Target]) -> Result<String, Failure> {
    let mut names = Vec::new();
    for target in targets.iter().take(NAMED) {
        let mut target = target.clone();
        if target.name.is_none() {
            target.name = match session.interrupt.unless(session.client.get(&target.id)).await? {
                Err(Error::NotFound(_)) if arguments.ignore_not_found => None,
                token => token.map_err(|error| Failure::from(error).within(&target.id))?.name,
            };
        }
        names.push(target.to_string());
    }
    Ok(enumerate(names, targets.len()))
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
