//! Selects the tokens to rotate.

use std::time::Duration;

use ldtokens::{CallerIdentity, Token, TokenId, UnixMillis};
use ldtokens_lifecycle::{Journal, Journals, has_marker, noted_time};

use crate::account::connect::Session;
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::output::age::date;
use crate::verbs::deliver::Named;
use crate::verbs::filter::Filter;
use crate::verbs::json;
use crate::verbs::rotate::RotateArgs;
use crate::verbs::rotate::result::failure;
use crate::verbs::targets::{NAMED, Target, enumerate, is_id, words};

/// A token to be rotated.
#[derive(Clone)]
pub(crate) struct Selected {
    pub(crate) id: TokenId,
    pub(crate) name: Option<String>,
    /// Whether it was replaced and is only waiting to be deleted.
    pub(crate) is_waiting: bool,
    /// The token, if it was just read.
    pub(crate) token: Option<Box<Token>>,
}

impl Selected {
    pub(crate) fn named(&self) -> Named<'_> {
        Named { id: Some(&self.id), name: self.name.as_deref() }
    }
}

/// The tokens that a question is about.
pub(crate) fn targets(selected: &[Selected]) -> Vec<Target> {
    selected.iter().map(|selected| Target { id: selected.id.clone(), name: selected.name.clone() }).collect()
}

/// The tokens as a question names them.
pub(crate) fn named(targets: &[Target]) -> String {
    enumerate(targets.iter().take(NAMED).map(Target::to_string).collect(), targets.len())
}

/// The replaced tokens that are still to be deleted, of the caller's account.
pub(crate) fn waiting(
    session: &Session,
    journals: &Journals,
    caller: &CallerIdentity,
) -> Result<Vec<Selected>, Failure> {
    let mut waiting = Vec::new();
    for journal in journals.all().map_err(|error| failure(error, None))?.into_iter().filter(Journal::is_waiting) {
        match (&journal.account_id, &caller.account_id) {
            (Some(account), Some(own)) if account != own => {
                session.say(&format!("{} is skipped: it was replaced in another account, {account}", journal.token_id));
            }
            _ => waiting.push(of_journal(&journal)?),
        }
    }
    Ok(waiting)
}

/// Finds the tokens that the arguments select, and that are due.
pub(crate) async fn select(
    arguments: &RotateArgs,
    session: &Session,
    journals: &Journals,
    needs_name: bool,
) -> Result<Vec<Selected>, Failure> {
    let known = journals.all().map_err(|error| failure(error, None))?;
    let mut selected = find(arguments, session, &known, arguments.older_than.is_some() || needs_name).await?;
    if let Some(age) = arguments.older_than {
        selected.retain(|selected| is_due(session, selected, &known, age));
    }
    if selected.is_empty() {
        session.say("no token needs to be rotated");
    }
    Ok(selected)
}

/// Finds the tokens that the arguments select. The old and the new token of a rotation that is not over count as one.
pub(crate) async fn find(
    arguments: &RotateArgs,
    session: &Session,
    known: &[Journal],
    reads_each: bool,
) -> Result<Vec<Selected>, Failure> {
    let mut selected = match arguments.all_matching.is_empty() {
        true => by_words(session, &words(&arguments.tokens)?, known).await?,
        false => {
            let filters = Filter::resolved(session, arguments.all_matching.clone()).await?;
            let is_meant = |token: &Token| {
                let token = json(token);
                filters.iter().all(|filter| filter.is_met_by(&token))
            };
            session.interrupt.unless(read(session, known, is_meant)).await??
        }
    };
    if reads_each {
        for one in &mut selected {
            *one = read_unread(session, one.clone(), known).await?;
        }
    }
    Ok(selected)
}

/// Reads the token, unless that was done, or its rotation is under way.
pub(crate) async fn read_unread(
    session: &Session,
    mut selected: Selected,
    known: &[Journal],
) -> Result<Selected, Failure> {
    let is_under_way = known.iter().any(|journal| journal.is_under_way() && selected.id == *journal.token_id);
    if !is_under_way && selected.token.is_none() {
        let token = session.interrupt.unless(session.client.get(&selected.id)).await??;
        selected.name.clone_from(&token.name);
        selected.token = Some(Box::new(token));
    }
    Ok(selected)
}

/// When the token is due to be rotated, by the API's clock.
pub(crate) fn due_at(journal: Option<&Journal>, token: &Token, age: Duration) -> UnixMillis {
    let noted = token.description.as_deref().and_then(noted_time);
    let rotated = journal.and_then(|journal| journal.rotated_at).max(noted).max(Some(token.creation_date.get()));
    UnixMillis::new(rotated.unwrap_or_default()).saturating_add(age)
}

/// Whether the token was last rotated so long ago, by the API's clock. A rotation that was started is always continued. Warns of
/// a token that expires before it would be due.
pub(crate) fn is_due(session: &Session, selected: &Selected, known: &[Journal], age: Duration) -> bool {
    let journal = known.iter().find(|journal| selected.id == *journal.token_id);
    let Some(token) = selected.token.as_ref().filter(|_| !journal.is_some_and(Journal::is_under_way)) else {
        return true;
    };
    let due = due_at(journal, token, age);
    // That clock is known to the second.
    if due <= UnixMillis::from(session.client.server_time()).saturating_add(Duration::from_secs(1)) {
        return true;
    }
    if let Some(expiry) = token.expiry.filter(|expiry| *expiry < due) {
        session.warn(&format!(
            "{} expires {}, before it is due to be rotated, {}",
            Target { id: selected.id.clone(), name: selected.name.clone() },
            date(expiry),
            date(due)
        ));
    }
    false
}

async fn by_words(session: &Session, words: &[String], known: &[Journal]) -> Result<Vec<Selected>, Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let tokens = read_named(session, &words, known).await?;
    let mut selected: Vec<Selected> = Vec::new();
    for word in words {
        let one = by_word(session, word, &tokens, known)?;
        if !selected.iter().any(|known| known.id == one.id) {
            selected.push(one);
        }
    }
    Ok(selected)
}

/// Reads the tokens that the words name, if one of them is no ID.
pub(crate) async fn read_named(session: &Session, words: &[&str], known: &[Journal]) -> Result<Vec<Selected>, Failure> {
    if words.iter().all(|word| is_id(word)) {
        return Ok(Vec::new());
    }
    let is_meant =
        |token: &Token| words.iter().any(|word| token.id.as_str() == *word || token.name.as_deref() == Some(*word));
    session.interrupt.unless(read(session, known, is_meant)).await?
}

/// The token that the word names.
pub(crate) fn by_word(
    session: &Session,
    word: &str,
    tokens: &[Selected],
    known: &[Journal],
) -> Result<Selected, Failure> {
    let mut named: Vec<&Selected> = tokens.iter().filter(|token| token.name.as_deref() == Some(word)).collect();
    if named.len() > 1 {
        // One that has expired needs no new secret if another has its name.
        let now = UnixMillis::from(session.client.server_time());
        let has_expired = |token: &Token| token.expiry.is_some_and(|expiry| expiry <= now);
        named.retain(|selected| !selected.token.as_deref().is_some_and(has_expired));
    }
    let by_id = tokens.iter().find(|token| token.id == *word);
    let of_name = |journal: &&Journal| journal.is_under_way() && journal.name.as_deref() == Some(word);
    match (under_way(known, word), by_id, &named[..]) {
        (Some(journal), ..) => of_journal(journal),
        (_, Some(only), _) | (_, _, &[only]) => Ok(only.clone()),
        (_, _, []) if is_id(word) => {
            Ok(Selected { id: TokenId::new(word)?, name: None, is_waiting: false, token: None })
        }
        (_, _, []) => known.iter().find(of_name).map(of_journal).unwrap_or_else(|| {
            let text = "no token visible to this credential has the name or ID";
            let text = format!("{text} `{word}`; `ldtokens list --show-all` lists them");
            Err(Failure::new(Kind::NotFound, text))
        }),
        (_, _, several) => {
            let ids: Vec<_> = several.iter().map(|token| token.id.as_str()).collect();
            Err(Failure::usage(format!("{} tokens are named `{word}`: use an ID: {}", ids.len(), ids.join(", "))))
        }
    }
}

/// The rotation under way that this token is the old or the new one of.
fn under_way<'a>(known: &'a [Journal], id: &str) -> Option<&'a Journal> {
    known.iter().find(|journal| journal.is_under_way() && journal.is_about(id))
}

pub(crate) fn of_journal(journal: &Journal) -> Result<Selected, Failure> {
    let id = TokenId::new(journal.token_id.as_str())?;
    Ok(Selected { id, name: journal.name.clone(), is_waiting: journal.is_waiting(), token: None })
}

/// Reads the matching tokens, those of one rotation as one, except replacements of rotations on other machines.
async fn read(
    session: &Session,
    known: &[Journal],
    is_meant: impl Fn(&Token) -> bool,
) -> Result<Vec<Selected>, Failure> {
    let mut tokens = session.client.list().all_members(true).stream();
    let mut meant: Vec<Selected> = Vec::new();
    while let Some(token) = tokens.next().await {
        let token = token?;
        if !is_meant(&token) {
            continue;
        }
        let description = token.description.as_deref().unwrap_or_default();
        let is_ours = |journal: &&Journal| journal.marker.as_ref().is_some_and(|marker| description.contains(marker));
        let one = match under_way(known, token.id.as_str()).or_else(|| known.iter().find(is_ours)) {
            Some(journal) => of_journal(journal)?,
            None if has_marker(description) => {
                session.say(&format!(
                    "{} is skipped: an unfinished rotation on another machine created it; finish that rotation there, or \
                     delete the token if nobody uses it",
                    token.id
                ));
                continue;
            }
            None => Selected {
                id: token.id.clone(),
                name: token.name.clone(),
                is_waiting: false,
                token: Some(Box::new(token)),
            },
        };
        if !meant.iter().any(|known| known.id == one.id) {
            meant.push(one);
        }
    }
    Ok(meant)
}
