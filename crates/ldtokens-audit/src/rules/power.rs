//! Rules about what a token may do, also to other tokens.

use ldtokens::raw::types::{Statement, StatementEffect};
use ldtokens::{Role, Token, UnixMillis};

use crate::inventory::{is_service, name};
use crate::rules::{Context, Detail};

/// The rank of a base role. A role that is not known has none.
pub(crate) fn rank(role: &Role) -> Option<u8> {
    match role {
        Role::Reader => Some(1),
        Role::Writer => Some(2),
        Role::Admin => Some(3),
        Role::Owner => Some(4),
        other => (other.as_str() == "no_access").then_some(0),
    }
}

pub(crate) fn admin(_: &Context<'_>, token: &Token) -> Option<Detail> {
    let role = token.role.as_ref().filter(|role| rank(role).is_some_and(|rank| rank >= 3))?;
    Some((None, format!("Its role is {role}.")))
}

pub(crate) fn outranks_member(_: &Context<'_>, token: &Token) -> Option<Detail> {
    let role = token.role.as_ref()?;
    let members = token.member.as_ref()?.role.as_ref()?;
    (rank(role)? > rank(members)?).then(|| (None, format!("Its role is {role}, and its member's is {members}.")))
}

/// Whether the specifier is of all resources of a kind: `*`, `proj/*`, `proj/*:env/*:flag/*`.
fn is_wildcard(specifier: &str) -> bool {
    specifier == "*" || specifier.split(':').all(|part| part.ends_with("/*"))
}

/// Whether the statement allows everything on all resources of a kind. "All but these" is as much.
pub(crate) fn is_unlimited(statement: &Statement) -> bool {
    let actions = statement.actions.iter().any(|action| action == "*") || !statement.not_actions.is_empty();
    let resources = statement.resources.iter().any(|it| is_wildcard(it)) || !statement.not_resources.is_empty();
    statement.effect == StatementEffect::Allow && actions && resources
}

pub(crate) fn wildcard_policy(_: &Context<'_>, token: &Token) -> Option<Detail> {
    let statement = token.inline_role.iter().find(|statement| is_unlimited(statement))?;
    let on = match statement.resources.iter().find(|it| is_wildcard(it)) {
        Some(resource) => format!("on {resource}"),
        None => format!("on everything but {}", statement.not_resources.join(", ")),
    };
    let what = match statement.not_actions.as_slice() {
        [] => "all actions".to_owned(),
        but => format!("all actions but {}", but.join(", ")),
    };
    Some((None, format!("Its inline policy allows {what} {on}.")))
}

pub(crate) fn unknown_custom_role(context: &Context<'_>, token: &Token) -> Option<Detail> {
    let roles = token.custom_role_ids.iter().map(String::as_str);
    let unknown: Vec<_> = roles.filter(|role| context.unknown_roles.contains(role)).collect();
    (!unknown.is_empty()).then(|| (None, format!("The account has no custom role {}.", unknown.join(", "))))
}

/// The action whose response has a token's new secret.
const RESET: &str = "resetAccessToken";

fn base(token: &Token) -> Option<u8> {
    token.role.as_ref().and_then(rank)
}

/// The service tokens worth a takeover, the strongest first: those that write or more, or have a policy with wildcards.
pub(crate) fn strong(tokens: &[Token], now: UnixMillis) -> Vec<&Token> {
    let is_alive = |token: &Token| token.expiry.is_none_or(|end| end > now);
    let is_strong = |token: &Token| base(token) >= Some(2) || token.inline_role.iter().any(is_unlimited);
    let mut strong: Vec<&Token> =
        tokens.iter().filter(|token| is_service(token) && is_alive(token) && is_strong(token)).collect();
    strong.sort_by_key(|token| std::cmp::Reverse(base(token)));
    strong
}

pub(crate) fn resets_stronger(context: &Context<'_>, token: &Token) -> Option<Detail> {
    let policy = token.inline_role.as_slice();
    let about_resets: Vec<&Statement> =
        policy.iter().filter(|it| has(&it.actions, &it.not_actions, |pattern| matches(pattern, RESET))).collect();
    if base(token) >= Some(3) || !about_resets.iter().any(|it| allows(it)) || allows_everything(policy) {
        return None;
    }
    let gains = |other: &Token| {
        base(other) >= Some(2) && base(other) > base(token)
            || other.inline_role.iter().any(|statement| is_unlimited(statement) && !policy.contains(statement))
    };
    let may_reset = |other: &Token| {
        let mut on = about_resets
            .iter()
            .filter(|it| has(&it.resources, &it.not_resources, |specifier| covers(specifier, other.id.as_str())))
            .peekable();
        on.peek().is_some() && on.all(|it| allows(it))
    };
    let other = context.strong.iter().find(|other| gains(other) && may_reset(other))?;
    let what = match &other.role {
        Some(role) => format!("whose role is {role}"),
        None => "whose inline policy has wildcards".to_owned(),
    };
    Some((None, format!("Its inline policy allows {RESET} on service token {} \"{}\", {what}.", other.id, name(other))))
}

fn allows(statement: &Statement) -> bool {
    statement.effect == StatementEffect::Allow
}

/// Whether nothing is stronger: the policy allows everything, and denies nothing.
fn allows_everything(policy: &[Statement]) -> bool {
    let is_star = |list: &[String]| list.iter().any(|it| it == "*");
    policy.iter().all(allows) && policy.iter().any(|it| is_star(&it.actions) && is_star(&it.resources))
}

/// Whether a statement with these `actions` and `notActions`, or resources, is about what `is_it` accepts.
fn has(list: &[String], but: &[String], is_it: impl Fn(&str) -> bool) -> bool {
    let any = |list: &[String]| list.iter().any(|it| is_it(it));
    if but.is_empty() { any(list) } else { !any(but) }
}

/// Whether the specifier is of the service token. Tags follow a semicolon, and no token has any.
fn covers(specifier: &str, id: &str) -> bool {
    specifier == "*"
        || specifier.split_once('/').is_some_and(|(kind, ids)| {
            let is_whole = !ids.contains([':', ';']);
            is_whole && matches(kind, "service-token") && ids.split(',').any(|pattern| matches(pattern, id))
        })
}

/// Whether the text matches the pattern, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let (between, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for piece in between.split('*') {
        let Some((_, after)) = text.split_once(piece) else { return false };
        text = after;
    }
    text.ends_with(end)
}
