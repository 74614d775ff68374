//! Which tokens a command is about: by ID, or by a name that only one token bears.

use clap::{Arg, ArgAction, ArgMatches};
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

pub(crate) fn arguments() -> [Arg; 2] {
    [
        Arg::new("tokens")
            .value_name("ID|NAME")
            .num_args(1..)
            .required(true)
            .help("Token IDs or names; - reads IDs from standard input, one per line"),
        Arg::new("by-name")
            .long("by-name")
            .action(ArgAction::SetTrue)
            .help("Take every token by its name, even one that looks like an ID"),
    ]
}

/// For commands that can take a token that is not there for done.
pub(crate) fn ignore_not_found() -> Arg {
    Arg::new(IGNORE_NOT_FOUND)
        .long(IGNORE_NOT_FOUND)
        .action(ArgAction::SetTrue)
        .help("Succeed if a token does not exist")
}

const IGNORE_NOT_FOUND: &str = "ignore-not-found";

/// Whether a token that is not there is no failure.
pub(crate) fn ignores_not_found(arguments: &ArgMatches) -> bool {
    arguments.try_get_one::<bool>(IGNORE_NOT_FOUND).ok().flatten().copied().unwrap_or_default()
}

/// The tokens that the words name, each once, in their order.
pub(crate) async fn find(arguments: &ArgMatches, session: &Session, words: &[String]) -> Result<Vec<Target>, Failure> {
    let by_name = arguments.get_flag("by-name");
    let mut named = Vec::new();
    if words.iter().any(|word| by_name || !is_id(word)) {
        named = session.interrupt.unless(bearing(session, words)).await??;
    }
    let mut targets: Vec<Target> = Vec::new();
    if words.is_empty() {
        session.note("standard input names no token: nothing to do");
    }
    for word in words {
        let target = match target(word, &named, by_name) {
            Err(failure) if failure.kind() == Kind::NotFound && ignores_not_found(arguments) => continue,
            target => target?,
        };
        if !targets.iter().any(|known| known.id == target.id) {
            targets.push(target);
        }
    }
    Ok(targets)
}

/// The words that name tokens, those on standard input too.
pub(crate) fn words(arguments: &ArgMatches) -> Result<Vec<String>, Failure> {
    let mut words = Vec::new();
    let unmarked = |word: &str| word.trim_start_matches('\u{feff}').to_owned();
    for word in arguments.get_many::<String>("tokens").into_iter().flatten() {
        if word == "-" {
            let text = stdin::text("the IDs")?;
            words.extend(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
        } else {
            // A shell that puts a file's words here passes on the file's byte-order mark.
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

/// 24 hexadecimal digits are an ID, and need not be looked up.
fn is_id(word: &str) -> bool {
    word.len() == 24 && word.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// The tokens whose name or ID is one of the words.
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

/// How many tokens a question names.
const NAMED: usize = 5;

/// How many tokens to ask for at once.
pub(crate) const PAGE: u64 = 100;

fn target(word: &str, known: &[Token], names_only: bool) -> Result<Target, Failure> {
    let by_id = known.iter().find(|token| token.id == word && !names_only);
    let by_name: Vec<_> = known.iter().filter(|token| token.name.as_deref() == Some(word)).collect();
    match (by_id, &by_name[..]) {
        (Some(token), _) | (None, &[token]) => {
            Ok(Target { id: TokenId::new(token.id.as_str())?, name: token.name.clone() })
        }
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

/// The tokens as a question names them, for which some may have to be read.
pub(crate) async fn named(arguments: &ArgMatches, session: &Session, targets: &[Target]) -> Result<String, Failure> {
    let mut names = Vec::new();
    for target in targets.iter().take(NAMED) {
        let mut target = target.clone();
        if target.name.is_none() {
            target.name = match session.interrupt.unless(session.client.get(&target.id)).await? {
                Err(Error::NotFound(_)) if ignores_not_found(arguments) => None,
                token => token.map_err(|error| Failure::from(error).within(&target.id))?.name,
            };
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
