//! Which tokens a command is about: by ID, or by a name that only one token bears.

use clap::{Arg, ArgMatches};
use ldtokens::{Token, TokenId};

use crate::connect::Session;
use crate::failure::{Failure, Kind};
use crate::output::columns::printable;
use crate::redact::has_secret;
use crate::stdin;

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
            Some(name) => write!(f, "{} ({})", self.id, printable(name)),
            None => write!(f, "{}", self.id),
        }
    }
}

pub(crate) fn argument() -> Arg {
    Arg::new("tokens")
        .value_name("ID|NAME")
        .num_args(1..)
        .required(true)
        .help("Tokens, by ID or by name; - for IDs on standard input, a line each")
}

/// The tokens that the words name, each once, in their order.
pub(crate) async fn find(session: &Session, words: &[String]) -> Result<Vec<Target>, Failure> {
    let mut named = Vec::new();
    if words.iter().any(|word| !is_id(word)) {
        named = session.interrupt.unless(bearing(session, words)).await??;
    }
    let mut targets: Vec<Target> = Vec::new();
    for word in words {
        let target = target(word, &named)?;
        if !targets.iter().any(|known| known.id == target.id) {
            targets.push(target);
        }
    }
    Ok(targets)
}

/// The words that name tokens, those on standard input too.
pub(crate) fn words(arguments: &ArgMatches) -> Result<Vec<String>, Failure> {
    let mut words = Vec::new();
    for word in arguments.get_many::<String>("tokens").into_iter().flatten() {
        if word == "-" {
            let text = stdin::text("the IDs")?;
            words.extend(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
        } else {
            words.push(word.clone());
        }
    }
    if words.iter().any(|word| has_secret(word)) {
        return Err(Failure::usage(
            "a secret was given where a token's ID or name belongs; if it is a real one, reset its token",
        ));
    }
    if words.is_empty() {
        return Err(Failure::usage("standard input names no token"));
    }
    Ok(words)
}

/// 24 hexadecimal digits are an ID, and need not be looked up.
fn is_id(word: &str) -> bool {
    word.len() == 24 && word.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// The tokens whose name or ID is one of the words.
async fn bearing(session: &Session, words: &[String]) -> Result<Vec<Token>, Failure> {
    let mut tokens = session.client.list().all_members(true).page_size(PAGE).stream();
    let mut bearing = Vec::new();
    while let Some(token) = tokens.next().await {
        let token = token?;
        if words.iter().any(|word| token.id == *word || token.name.as_deref() == Some(word)) {
            bearing.push(token);
        }
    }
    Ok(bearing)
}

/// How many tokens a question names.
const NAMED: usize = 5;

/// How many tokens to ask for at once.
pub(crate) const PAGE: u64 = 100;

fn target(word: &str, known: &[Token]) -> Result<Target, Failure> {
    let by_id = known.iter().find(|token| token.id == word);
    let by_name: Vec<_> = known.iter().filter(|token| token.name.as_deref() == Some(word)).collect();
    match (by_id, &by_name[..]) {
        (Some(token), _) | (None, &[token]) => {
            Ok(Target { id: TokenId::new(token.id.as_str())?, name: token.name.clone() })
        }
        (None, []) if is_id(word) => Ok(Target { id: TokenId::new(word)?, name: None }),
        (None, []) => Err(Failure::new(
            Kind::NotFound,
            format!(
                "no token that this credential sees has the name or the ID `{word}`; `ldtokens list --show-all` lists them"
            ),
        )),
        (None, several) => {
            let ids: Vec<_> = several.iter().map(|token| token.id.as_str()).collect();
            Err(Failure::usage(format!("{} tokens are named `{word}`: say which by ID: {}", ids.len(), ids.join(", "))))
        }
    }
}

/// The tokens as a question names them, for which some may have to be read.
pub(crate) async fn named(session: &Session, targets: &[Target]) -> Result<String, Failure> {
    let mut names = Vec::new();
    for target in targets.iter().take(NAMED) {
        let mut target = target.clone();
        if target.name.is_none() {
            target.name = session.interrupt.unless(session.client.get(&target.id)).await??.name;
        }
        names.push(target.to_string());
    }
    if targets.len() > NAMED {
        names.push(format!("{} more", targets.len() - NAMED));
    }
    Ok(match targets.len() {
        1 => format!("the token {}", names.concat()),
        count => format!("these {count} tokens: {}", names.join(", ")),
    })
}
