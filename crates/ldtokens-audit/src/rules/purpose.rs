//! Rules about whose a token is and what it is for.

use ldtokens::Token;

use crate::inventory::is_service;
use crate::rules::{Context, Detail, ages};

/// Whether the API names the token's member.
pub(crate) fn has_member(token: &Token) -> bool {
    token.member.as_ref().is_some_and(|member| member.id.is_some() || member.email.is_some())
}

pub(crate) fn member_gone(context: &Context<'_>, token: &Token) -> Option<Detail> {
    if has_member(token) || !context.names_members {
        return None;
    }
    let what = if is_service(token) { "still works" } else { "should not work any more" };
    Some((
        None,
        format!("Its member {} is not in the account. As a {} token, it {what}.", token.member_id, kind(token)),
    ))
}

/// `service` or `personal`.
pub(crate) fn kind(token: &Token) -> &'static str {
    if is_service(token) { "service" } else { "personal" }
}

pub(crate) fn personal_token_for_automation(context: &Context<'_>, token: &Token) -> Option<Detail> {
    if is_service(token) {
        return None;
    }
    let name = token.name.as_deref()?.to_lowercase();
    let is_word = |word: &String| {
        let is_edge = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
        name.match_indices(word.as_str()).any(|(at, found)| {
            is_edge(name[..at].chars().next_back()) && is_edge(name[at + found.len()..].chars().next())
        })
    };
    let word = context.thresholds.words.iter().filter(|word| !word.is_empty()).find(|word| is_word(word))?;
    Some((None, format!("It is a personal token, and its name has the word \"{word}\".")))
}

pub(crate) fn no_description(_: &Context<'_>, token: &Token) -> Option<Detail> {
    ages::own_description(token).is_empty().then(|| (None, "Nothing says what it is for.".to_owned()))
}
