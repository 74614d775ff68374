//! Answers on standard output: for people a table, for programs the API's own JSON.

use std::io::{self, Write};
use std::str::FromStr;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use jiff::Timestamp;
use ldtokens::raw::types::Tokens;
use ldtokens::{Token, UnixMillis};
use serde_json::Value;

use crate::columns::aligned;
use crate::failure::Failure;

/// How to print an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Format {
    Table,
    Json,
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Table, Self::Json]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Table => "table",
            Self::Json => "json",
        }))
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        ValueEnum::from_str(text, false)
    }
}

/// Prints the answer to an operation: tokens and lists of them as tables, if asked for, and all else as JSON.
pub(crate) fn answer(format: Format, answer: Value) -> Result<(), Failure> {
    let is_list = answer.get("items").is_some();
    if format == Format::Json {
        print(&format!("{answer:#}"))
    } else if let (true, Ok(list)) = (is_list, serde_json::from_value(answer.clone())) {
        tokens(&list)
    } else if let Ok(one) = serde_json::from_value(answer.clone()) {
        token(&one)
    } else {
        print(&format!("{answer:#}"))
    }
}

fn tokens(tokens: &Tokens) -> Result<(), Failure> {
    let header = ["ID", "NAME", "REACH", "KIND", "SECRET", "LAST USED"].map(str::to_owned);
    let rows = tokens.items.iter().map(|token| {
        [
            token.id.clone(),
            token.name.clone().unwrap_or_default(),
            reach(token),
            kind(token).to_owned(),
            token.token.as_ref().map_or_else(String::new, |secret| format!("...{}", secret.last_four())),
            token.last_used.map_or_else(|| "never".to_owned(), time),
        ]
    });
    let mut text = aligned(&std::iter::once(header).chain(rows).collect::<Vec<_>>());
    if let Some(total) = tokens.total_count {
        text.push_str(&format!("\n\n{} of {total}", tokens.items.len()));
    }
    print(&text)
}

/// Its secret is printed as far as the answer holds it: whole after a create or reset.
fn token(token: &Token) -> Result<(), Failure> {
    let mut rows = Vec::new();
    let mut row = |name: &str, value: Option<String>| rows.extend(value.map(|value| [name.to_owned(), value]));
    row("id", Some(token.id.clone()));
    row("name", token.name.clone());
    row("description", token.description.clone());
    row("reach", Some(reach(token)));
    row("kind", Some(kind(token).to_owned()));
    row("member", token.member.as_ref().map(|member| member.email.clone()));
    row("api version", token.default_api_version.map(|version| version.to_string()));
    row("created", Some(time(token.creation_date)));
    row("modified", Some(time(token.last_modified)));
    row("last used", Some(token.last_used.map_or_else(|| "never".to_owned(), time)));
    row(
        "secret",
        token.token.as_ref().map(|secret| match secret.expose() {
            end if end.len() <= 4 => format!("...{end}"),
            whole => whole.to_owned(),
        }),
    );
    print(&aligned(&rows))
}

/// What gives the token its permissions, in a word.
pub(crate) fn reach(token: &Token) -> String {
    match &token.role {
        Some(role) => role.to_string(),
        None if !token.inline_role.is_empty() => "policy".to_owned(),
        None => token.custom_role_ids.join(","),
    }
}

fn kind(token: &Token) -> &'static str {
    if token.service_token == Some(true) { "service" } else { "personal" }
}

fn time(moment: UnixMillis) -> String {
    Timestamp::from_millisecond(moment.get()).map_or_else(|_| moment.to_string(), |moment| format!("{moment:.0}"))
}

/// Standard output may be a full disk, or a pipe whose reader has had enough.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::other(format!("the answer can't be written to standard output: {error}")))
        }
        _ => Ok(()),
    }
}
