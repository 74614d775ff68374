//! Selects the tokens to rotate. The old and the new token of a rotation that is not over count as one.

use std::collections::HashSet;
use std::time::Duration;

use ldtokens::{CallerIdentity, Token, TokenId, UnixMillis};
use ldtokens_lifecycle::{Journal, has_marker, noted_time};
use ldtokens_plan::is_id;

use crate::account::connect::Session;
use crate::moment::date;
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::say;
use crate::verbs::rotate::RotateArgs;
use crate::verbs::targets::{Item, Target, of_words, read_list, words};

/// The replaced tokens that are still to be deleted, of the caller's account.
pub(crate) fn waiting(known: &[Journal], caller: &CallerIdentity) -> Vec<Item> {
    let mut waiting = Vec::new();
    for journal in known.iter().filter(|journal| journal.is_waiting()) {
        match (&journal.account_id, &caller.account_id) {
            (Some(account), Some(own)) if account != own => {
                say::result(&format!("{} is skipped: it was replaced in another account, {account}", journal.token_id));
            }
            _ => waiting.push(of_journal(journal)),
        }
    }
    waiting
}

/// The rotation that has replaced this token, which is still to be deleted.
pub(crate) fn waiting_journal<'a>(known: &'a [Journal], id: &TokenId) -> Option<&'a Journal> {
    known.iter().find(|journal| journal.is_waiting() && journal.token_id == *id)
}

/// Finds the tokens that the arguments select. None if there is none, which is said.
pub(crate) async fn find(
    arguments: &RotateArgs,
    session: &Session,
    known: &[Journal],
    reads_each: bool,
) -> Result<Option<Vec<Item>>, Failure> {
    let mut items = Vec::new();
    if arguments.matching.is_empty() {
        let words = words(&arguments.tokens)?;
        if words.is_empty() {
            return arguments.matching.none(None).map(|()| None);
        }
        let listed = read_named(session, &words, known).await?;
        for word in &words {
            items.push(by_word(session, word, &listed, known)?);
        }
    } else {
        let listed = arguments.matching.read(session).await?;
        if listed.is_empty() {
            return arguments.matching.none(None).map(|()| None);
        }
        let of = |token: Token| under_way(known, token.id.as_str()).map_or_else(|| Item::of(token), of_journal);
        items.extend(without_twins(known, listed).into_iter().map(of));
    }
    let mut seen = HashSet::new();
    items.retain(|item: &Item| seen.insert(item.target.id.clone()));
    if reads_each {
        for item in &mut items {
            read_unread(session, item, known).await?;
        }
    }
    Ok(Some(items))
}

/// Reads the token, unless that was done, or its rotation is under way.
pub(crate) async fn read_unread(session: &Session, item: &mut Item, known: &[Journal]) -> Result<(), Failure> {
    if item.before.is_none() && under_way(known, item.target.id.as_str()).is_none() {
        *item = Item::of(session.interrupt.unless(session.client.get(&item.target.id)).await??);
    }
    Ok(())
}

/// Reads the tokens that the words name, if one of them is no ID.
pub(crate) async fn read_named(session: &Session, words: &[String], known: &[Journal]) -> Result<Vec<Token>, Failure> {
    if words.iter().all(|word| is_id(word)) {
        return Ok(Vec::new());
    }
    let is_meant = |token: &Token| words.iter().any(|word| token.id == *word || token.name.as_ref() == Some(word));
    Ok(without_twins(known, read_list(session, "looking up names", is_meant).await?))
}

/// The token that a word names, of those that were read.
pub(crate) fn by_word(session: &Session, word: &str, listed: &[Token], known: &[Journal]) -> Result<Item, Failure> {
    if let Some(journal) = under_way(known, word) {
        return Ok(of_journal(journal));
    }
    // One that has expired needs no new secret if another has its name.
    let now = UnixMillis::from(session.client.server_time());
    let has_name = |token: &&Token| token.name.as_deref() == Some(word);
    let is_one_of_several = listed.iter().filter(has_name).count() > 1;
    let is_left = |token: &&Token| {
        let has_expired = token.expiry.is_some_and(|expiry| expiry <= now);
        token.id == *word || has_name(token) && !(is_one_of_several && has_expired)
    };
    let candidates: Vec<Token> = listed.iter().filter(is_left).cloned().collect();
    match of_words(&[word.to_owned()], &candidates, false, false) {
        // Its tokens may be gone.
        Err(failure) if failure.kind() == Kind::NotFound => {
            let journal = known.iter().find(|journal| journal.is_under_way() && journal.name.as_deref() == Some(word));
            journal.map(of_journal).ok_or(failure)
        }
        items => {
            let item = items?.remove(0);
            Ok(under_way(known, item.target.id.as_str()).map_or(item, of_journal))
        }
    }
}

/// When the token is due to be rotated, by the API's clock.
pub(crate) fn due_at(journal: Option<&Journal>, token: &Token, age: Duration) -> UnixMillis {
    let noted = token.description.as_deref().and_then(noted_time);
    let rotated = journal.and_then(|journal| journal.rotated_at).max(noted);
    rotated.map_or(token.creation_date, |rotated| rotated.max(token.creation_date)).saturating_add(age)
}

/// Whether it is that time by the API's clock, which is known to the second.
pub(crate) fn has_come(due: UnixMillis, now: UnixMillis) -> bool {
    due <= now.saturating_add(Duration::from_secs(1))
}

/// Whether the token was last rotated so long ago, by the API's clock. A rotation that was started is always continued. Warns of
/// a token that expires before it would be due.
pub(crate) fn is_due(session: &Session, item: &Item, known: &[Journal], age: Duration) -> bool {
    let journal = known.iter().find(|journal| item.target.id == journal.token_id);
    let Some(token) = item.before.as_ref().filter(|_| !journal.is_some_and(Journal::is_under_way)) else {
        return true;
    };
    let due = due_at(journal, token, age);
    if has_come(due, session.client.server_time().into()) {
        return true;
    }
    if let Some(expiry) = token.expiry.filter(|expiry| *expiry < due) {
        let (expiry, due) = (date(expiry), date(due));
        say::warning(&format!("{} expires {expiry}, before it is due to be rotated, {due}", item.target));
    }
    false
}

/// The rotation under way that this token is the old or the new one of.
fn under_way<'a>(known: &'a [Journal], id: &str) -> Option<&'a Journal> {
    known.iter().find(|journal| journal.is_under_way() && journal.is_about(id))
}

pub(crate) fn of_journal(journal: &Journal) -> Item {
    Item::new(Target { id: journal.token_id.clone(), name: journal.name.clone() }, None)
}

/// Leaves one token of each rotation under way, and leaves out replacements of rotations on other machines.
fn without_twins(known: &[Journal], tokens: Vec<Token>) -> Vec<Token> {
    let mut left: Vec<Token> = Vec::new();
    for token in tokens {
        let description = token.description.as_deref().unwrap_or_default();
        match under_way(known, token.id.as_str()) {
            Some(journal) if left.iter().any(|other| journal.is_about(other.id.as_str())) => {}
            // That rotation ends it.
            None if known.iter().any(|journal| journal.created(description)) => {}
            None if has_marker(description) => say::result(&format!(
                "{} is skipped: an unfinished rotation on another machine created it; finish that rotation there, or delete \
                 the token if nobody uses it",
                token.id
            )),
            _ => left.push(token),
        }
    }
    left
}
