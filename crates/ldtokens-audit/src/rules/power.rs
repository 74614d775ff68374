//! Rules about what a token may do.

use ldtokens::raw::types::{Statement, StatementEffect};
use ldtokens::{Role, Token};

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
    let unknown: Vec<&str> = token.custom_role_ids.iter().map(String::as_str).collect();
    let unknown: Vec<&str> = unknown.into_iter().filter(|role| context.unknown_roles.contains(role)).collect();
    (!unknown.is_empty()).then(|| (None, format!("The account has no custom role {}.", unknown.join(", "))))
}
