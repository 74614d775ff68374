//! Rules about whose a token is and what it is for, and about all tokens of an account.

use std::collections::HashMap;

use ldtokens::{Token, TokenId};

use crate::inventory::{Inventory, is_service};
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
    let (member, kind) = (&token.member_id, kind(token));
    Some((None, format!("Its member {member} is not in the account. As a {kind} token, it {what}.")))
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

/// How many service tokens an account can have, unless the vendor raised it (fact 15).
const USUAL_LIMIT: usize = 200;

/// The tokens of each name that several have, and a message. Those that have expired don't count.
pub(crate) fn duplicate_names(context: &Context<'_>, inventory: &Inventory) -> Vec<(Vec<TokenId>, String)> {
    let mut of_name: HashMap<&str, Vec<&TokenId>> = HashMap::with_capacity(inventory.tokens.len());
    let mut names = Vec::new();
    for token in inventory.tokens.iter().filter(|token| ages::expired(context, token).is_none()) {
        let name = token.name.as_deref().unwrap_or_default().trim();
        let same = of_name.entry(name).or_default();
        same.push(&token.id);
        if same.len() == 2 && !name.is_empty() {
            names.push(name);
        }
    }
    let several = names.into_iter().map(|name| {
        let ids: Vec<TokenId> = of_name[name].iter().map(|id| (*id).clone()).collect();
        let message = format!("{} tokens have the name \"{name}\".", ids.len());
        (ids, message)
    });
    several.collect()
}

/// A message if the account has nearly as many service tokens as it can have.
pub(crate) fn near_limit(context: &Context<'_>, inventory: &Inventory) -> Option<String> {
    let count = inventory.tokens.iter().filter(|token| is_service(token)).count();
    let limit = context.thresholds.limit;
    // More than the usual limit show that this account has another one.
    if limit.is_none() && count > USUAL_LIMIT {
        return None;
    }
    let limit = limit.unwrap_or(USUAL_LIMIT);
    (count * 100 >= limit * context.thresholds.percent)
        .then(|| format!("The account has {count} service tokens, and the limit is {limit}."))
}
