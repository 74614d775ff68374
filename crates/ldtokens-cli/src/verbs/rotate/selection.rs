//! Selects the tokens to rotate.

use std::collections::BTreeMap;

use ldtokens::{Token, TokenId, UnixMillis};
use ldtokens_lifecycle::{Journal, Journals, Step, has_marker, noted_time};

use crate::account::connect::Session;
use crate::terminal::failure::Failure;
use crate::verbs::filter::Filter;
use crate::verbs::json;
use crate::verbs::rotate::RotateArgs;
use crate::verbs::rotate::result::failure;
use crate::verbs::targets::{NAMED, Target, enumerate, is_id, target, words};

/// A token to be rotated.
pub(crate) struct Selected {
    pub(crate) id: TokenId,
    pub(crate) name: Option<String>,
    /// Whether it was replaced and is only waiting to be deleted.
    pub(crate) is_waiting: bool,
    /// The token, if it was just read.
    pub(crate) token: Option<Box<Token>>,
}

/// The tokens that a question is about.
pub(crate) fn targets(selected: &[Selected]) -> Vec<Target> {
    selected.iter().map(|selected| Target { id: selected.id.clone(), name: selected.name.clone() }).collect()
}

/// The tokens as a question names them.
pub(crate) fn named(targets: &[Target]) -> String {
    enumerate(targets.iter().take(NAMED).map(Target::to_string).collect(), targets.len())
}

/// The replaced tokens that are still to be deleted.
pub(crate) fn waiting(journals: &Journals) -> Result<Vec<Selected>, Failure> {
    let journals = journals.all().map_err(|error| failure(error, None))?;
    let waiting = journals.into_iter().filter(Journal::is_waiting);
    waiting
        .map(|journal| {
            Ok(Selected {
                id: TokenId::new(journal.token_id.as_str())?,
                name: journal.name,
                is_waiting: true,
                token: None,
            })
        })
        .collect()
}

/// Finds the tokens that the arguments select.
pub(crate) async fn select(
    arguments: &RotateArgs,
    session: &Session,
    journals: &Journals,
) -> Result<Vec<Selected>, Failure> {
    let known = journals.all().map_err(|error| failure(error, None))?;
    let known: BTreeMap<String, Journal> =
        known.into_iter().map(|journal| (journal.token_id.clone(), journal)).collect();
    let mut selected = match arguments.all_matching.is_empty() {
        true => by_words(session, &words(&arguments.tokens)?, &known).await?,
        false => by_filter(&arguments.all_matching, session, &known).await?,
    };
    if let Some(age) = arguments.older_than {
        let since = UnixMillis::now().get().saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        for selected in selected.iter_mut().filter(|selected| selected.token.is_none()) {
            if !known.get(selected.id.as_str()).is_some_and(Journal::is_under_way) {
                let token = session.interrupt.unless(session.client.get(&selected.id)).await??;
                selected.token = Some(Box::new(token));
            }
        }
        selected.retain(|selected| is_due(selected, known.get(selected.id.as_str()), since));
    }
    if selected.is_empty() {
        session.say("no token needs to be rotated");
    }
    Ok(selected)
}

/// Whether the token was last rotated before `since`. A rotation that was started is always continued.
fn is_due(selected: &Selected, journal: Option<&Journal>, since: i64) -> bool {
    if journal.is_some_and(Journal::is_under_way) {
        return true;
    }
    let Some(token) = &selected.token else { return true };
    let noted = token.description.as_deref().and_then(noted_time);
    let rotated = journal.and_then(|journal| journal.rotated_at).max(noted);
    rotated.unwrap_or(token.creation_date.get()) < since
}

async fn by_words(
    session: &Session,
    words: &[String],
    known: &BTreeMap<String, Journal>,
) -> Result<Vec<Selected>, Failure> {
    let mut tokens = Vec::new();
    if words.iter().any(|word| !is_id(word)) {
        let is_meant =
            |token: &Token| words.iter().any(|word| token.id.as_str() == word || token.name.as_deref() == Some(word));
        tokens = session.interrupt.unless(read(session, known, is_meant)).await??;
    }
    let mut selected: Vec<Selected> = Vec::new();
    for word in words {
        let Target { id, name } = target(word, &tokens, false)?;
        let token = tokens.iter().find(|token| token.id == id).cloned().map(Box::new);
        let is_waiting = token.is_none() && known.get(word).is_some_and(Journal::is_waiting);
        let one = Selected { id, name, is_waiting, token };
        if !selected.iter().any(|known| known.id == one.id) {
            selected.push(one);
        }
    }
    Ok(selected)
}

async fn by_filter(
    filters: &[Filter],
    session: &Session,
    known: &BTreeMap<String, Journal>,
) -> Result<Vec<Selected>, Failure> {
    let is_meant = |token: &Token| {
        let token = json(token);
        filters.iter().all(|filter| filter.is_met_by(&token))
    };
    let tokens = session.interrupt.unless(read(session, known, is_meant)).await??;
    Ok(tokens.into_iter().map(of_token).collect())
}

fn of_token(token: Token) -> Selected {
    Selected { id: token.id.clone(), name: token.name.clone(), is_waiting: false, token: Some(Box::new(token)) }
}

/// Reads the matching tokens, except those waiting to be deleted, and replacements whose rotation is not finished.
async fn read(
    session: &Session,
    known: &BTreeMap<String, Journal>,
    is_meant: impl Fn(&Token) -> bool,
) -> Result<Vec<Token>, Failure> {
    let mut tokens = session.client.list().all_members(true).stream();
    let mut meant = Vec::new();
    let ours: Vec<&str> = known.values().filter(|journal| journal.step < Step::Verified).filter_map(marker).collect();
    while let Some(token) = tokens.next().await {
        let token = token?;
        let description = token.description.as_deref().unwrap_or_default();
        if !is_meant(&token) {
            continue;
        }
        if has_marker(description) {
            if !ours.iter().any(|marker| description.contains(marker)) {
                session.say(&format!(
                    "{} is skipped: an unfinished rotation on another machine created it; finish that rotation there, or \
                     delete the token if nobody uses it",
                    token.id
                ));
            }
        } else if !known.get(token.id.as_str()).is_some_and(Journal::is_waiting) {
            meant.push(token);
        }
    }
    Ok(meant)
}

fn marker(journal: &Journal) -> Option<&str> {
    journal.marker.as_deref()
}
