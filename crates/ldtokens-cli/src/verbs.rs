//! The commands for everyday use.

pub(crate) mod as_code;
pub(crate) mod audit;
pub(crate) mod batch;
pub(crate) mod bulk;
pub(crate) mod config;
pub(crate) mod create;
pub(crate) mod deliver;
pub(crate) mod demo;
pub(crate) mod filter;
pub(crate) mod inventory;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod permissions;
pub(crate) mod plan;
pub(crate) mod record;
pub(crate) mod reset;
pub(crate) mod revoke;
pub(crate) mod rotate;
mod secrets_given;
pub(crate) mod serve;
pub(crate) mod targets;
pub(crate) mod undo;
pub(crate) mod update;
pub(crate) mod verify;

use ldtokens::Token;
use serde_json::Value;

use crate::account::Session;
use crate::arguments::GlobalArgs;
use crate::terminal::{Discard, Failure, PrintArgs, Printer, discard, say};

/// Whether the arguments name one token. How many are on standard input is not known yet.
fn names_one(tokens: &[String]) -> bool {
    matches!(tokens, [only] if only != "-")
}

/// A token as the API writes it.
pub(crate) fn json(token: &Token) -> Value {
    serde_json::to_value(token).expect("a token is JSON")
}

/// Puts the keys of custom roles in the place of their IDs, for people, as far as they can be read.
pub(crate) async fn show_keys(session: &Session, token: &mut Value) -> Result<(), Failure> {
    if token.get("customRoleIds").and_then(Value::as_array).is_some_and(|ids| !ids.is_empty()) {
        session.custom_roles().await?;
    }
    show_known_keys(session, token);
    Ok(())
}

/// The same, as far as they were read.
fn show_known_keys(session: &Session, token: &mut Value) {
    let Some(roles) = session.known_custom_roles() else { return };
    for id in token.get_mut("customRoleIds").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(text) = id.as_str() {
            *id = roles.key(text).into();
        }
    }
}

/// Prints one token, if it `is_single`, or a list. A dry run prints only commands. With `has_details`, a table has a line for each
/// field: its cells would cut a secret off.
fn printer(global: &GlobalArgs, arguments: &PrintArgs, is_single: bool, has_details: bool) -> Result<Printer, Failure> {
    match global.dry_run {
        true => Ok(Printer::silent()),
        false => Ok(Printer::new(global.format()?, arguments)?.of_one(is_single, has_details)),
    }
}

/// Prints a token that has just got a secret, with those keys of custom roles that are known: nothing may be asked before the
/// secret is printed.
fn print_issued(printer: &mut Printer, session: &Session, mut token: Value) -> Result<bool, Failure> {
    if printer.is_for_people() {
        show_known_keys(session, &mut token);
    }
    printer.token(&token)
}

/// Notes that standard output is closed. It is not an error, because a program may not need the output.
pub(crate) fn warn_if_closed() {
    if discard(&std::io::stdout()) == Some(Discard::Closed) {
        say::note("standard output is closed or discarded: nothing is shown");
    }
}
