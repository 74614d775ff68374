//! Which tokens are rotated. The old and the new token of a rotation that is not over count as one.

use std::collections::HashSet;
use std::slice;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use ldtokens::{Token, TokenId, UnixMillis};
use ldtokens_lifecycle::{Journal, has_marker, noted_time};
use ldtokens_plan::is_id;

use crate::moment::date;
use crate::terminal::{Failure, Kind, say};
use crate::verbs::rotate::{RotateArgs, Rotations, Task};
use crate::verbs::targets::{Item, Target, of_words, read_list, words};

impl Rotations<'_> {
    /// The time by the API's clock.
    pub(crate) fn now(&self) -> UnixMillis {
        self.session.client.server_time().into()
    }

    /// The last rotation of this token.
    pub(crate) fn of(&self, id: &TokenId) -> Option<&Journal> {
        self.known.iter().find(|journal| journal.token_id == *id)
    }

    /// The rotation that has replaced this token, which is still to be deleted.
    pub(crate) fn waiting(&self, id: &TokenId) -> Option<&Journal> {
        self.of(id).filter(|journal| journal.is_waiting())
    }

    /// The rotation under way that this token is the old or the new one of.
    fn under_way(&self, id: &str) -> Option<&Journal> {
        self.known.iter().find(|journal| journal.is_under_way() && journal.is_about(id))
    }

    /// The tokens that the arguments select. If there is none, that is said. With `reads_each` all are read.
    pub(crate) async fn selected(&self, arguments: &RotateArgs, reads_each: bool) -> Result<Vec<Item>, Failure> {
        let matching = &arguments.matching;
        let mut items: Vec<Item> = if arguments.finish {
            self.ending()
        } else if matching.is_empty() {
            let words = words(&arguments.tokens)?;
            if words.is_empty() {
                matching.none(None)?;
            }
            self.find(&words, reads_each).await?.into_iter().collect::<Result<_, _>>()?
        } else {
            let listed = matching.read(self.session).await?;
            if listed.is_empty() {
                matching.none(None)?;
            }
            let item = |token: Token| self.under_way(token.id.as_str()).map_or_else(|| Item::of(token), of_journal);
            self.without_twins(listed).into_iter().map(item).collect()
        };
        let mut seen = HashSet::new();
        items.retain(|item| seen.insert(item.target.id.clone()));
        Ok(items)
    }

    /// The replaced tokens that are still to be deleted, of the caller's account.
    fn ending(&self) -> Vec<Item> {
        let (others, own): (Vec<_>, Vec<_>) =
            self.known.iter().filter(|journal| journal.is_waiting()).partition(|journal| self.is_others(journal));
        for Journal { token_id, account_id, .. } in others {
            let account = account_id.as_deref().unwrap_or_default();
            say::result(&format!("{token_id} is skipped: it was replaced in another account, {account}"));
        }
        own.into_iter().map(of_journal).collect()
    }

    /// The tokens that the words name, in order. With `reads_each` all are read whose rotation is not under way.
    pub(crate) async fn find(&self, words: &[String], reads_each: bool) -> Result<Vec<Result<Item, Failure>>, Failure> {
        let session = self.session;
        let mut listed = Vec::new();
        if !words.iter().all(|word| is_id(word)) {
            let is_meant =
                |token: &Token| words.iter().any(|word| token.id == *word || token.name.as_ref() == Some(word));
            listed = self.without_twins(read_list(session, "looking up names", is_meant).await?);
            // One that has expired needs no new secret if another has its name.
            let names: Vec<_> = listed.iter().map(|token| token.name.clone()).collect();
            let is_only = |token: &Token| names.iter().filter(|name| **name == token.name).count() == 1;
            let has_expired = |token: &Token| token.expiry.is_some_and(|expiry| expiry <= self.now());
            listed.retain(|token| !has_expired(token) || is_only(token) || words.iter().any(|word| token.id == *word));
        }
        let listed = &listed[..];
        let reading = words.iter().map(|word| async move {
            let item = self.by_word(word, listed)?;
            let is_known = item.before.is_some() || self.under_way(item.target.id.as_str()).is_some();
            match is_known || !reads_each {
                true => Ok(item),
                false => Ok(Item::of(session.client.get(&item.target.id).await?)),
            }
        });
        session.interrupt.unless(stream::iter(reading).buffered(session.client.concurrency()).collect()).await
    }

    /// The token that a word names, of those that were read.
    fn by_word(&self, word: &String, listed: &[Token]) -> Result<Item, Failure> {
        if let Some(journal) = self.under_way(word) {
            return Ok(of_journal(journal));
        }
        match of_words(slice::from_ref(word), listed, false, false) {
            // Its tokens may be gone.
            Err(failure) if failure.kind() == Kind::NotFound => {
                let mut under_way = self.known.iter().filter(|journal| journal.is_under_way());
                under_way.find(|journal| journal.name.as_ref() == Some(word)).map(of_journal).ok_or(failure)
            }
            items => {
                let item = items?.remove(0);
                Ok(self.under_way(item.target.id.as_str()).map_or(item, of_journal))
            }
        }
    }

    /// Leaves one token of each rotation under way, and leaves out replacements of rotations on other machines.
    fn without_twins(&self, tokens: Vec<Token>) -> Vec<Token> {
        let mut left: Vec<Token> = Vec::new();
        for token in tokens {
            let description = token.description.as_deref().unwrap_or_default();
            match self.under_way(token.id.as_str()) {
                Some(journal) if left.iter().any(|other| journal.is_about(other.id.as_str())) => {}
                // That rotation ends it.
                None if self.known.iter().any(|journal| journal.created(description)) => {}
                None if has_marker(description) => say::result(&format!(
                    "{} is skipped: an unfinished rotation on another machine created it; finish that rotation there, or \
                     delete the token if nobody uses it",
                    token.id
                )),
                _ => left.push(token),
            }
        }
        left
    }

    /// Whether the token was last rotated so long ago, by the API's clock. A rotation that was started is always continued. Warns
    /// of a token that expires before it would be due.
    pub(crate) fn is_due(&self, task: &Task) -> bool {
        let journal = self.of(&task.item.target.id);
        let token = task.item.before.as_ref().filter(|_| !journal.is_some_and(Journal::is_under_way));
        let Some((token, age)) = token.zip(task.age) else { return true };
        let due = due_at(journal, token, age);
        if has_come(due, self.now()) {
            return true;
        }
        if let Some(expiry) = token.expiry.filter(|expiry| *expiry < due) {
            let (expiry, due) = (date(expiry), date(due));
            say::warning(&format!("{} expires {expiry}, before it is due to be rotated, {due}", task.item.target));
        }
        false
    }

    /// What to do about a token that was replaced, and whose old one only has to end: the replacement, and whether that is due to
    /// be rotated in its turn. `--finish` does not rotate it.
    pub(crate) fn next(&self, task: &Task) -> Option<(&TokenId, bool)> {
        let journal = self.waiting(&task.item.target.id).filter(|_| !self.is_finish)?;
        let due = journal.rotated_at.zip(task.age).map(|(rotated, age)| rotated.saturating_add(age));
        let id = journal.new_token_id().filter(|_| journal.overlap_end(self.now()).is_none())?;
        Some((id, due.is_some_and(|due| has_come(due, self.now()))))
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

pub(crate) fn of_journal(journal: &Journal) -> Item {
    Item::new(Target { id: journal.token_id.clone(), name: journal.name.clone() }, None)
}
