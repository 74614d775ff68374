//! Prints the result for each leaked secret, one row per secret, as soon as it is known.

use std::collections::HashMap;

use ldtokens::{Secret, TokenId};
use ldtokens_lifecycle::{Finding, LeakedToken, Plan};
use serde_json::{Value, json};

use crate::terminal::failure::Failure;
use crate::terminal::output::columns::Columns;
use crate::terminal::output::field::plain;
use crate::terminal::output::format::Format;
use crate::terminal::output::printer::record;
use crate::terminal::output::visible::{self, pretty_json};
use crate::terminal::output::write;
use crate::terminal::output::yaml::yaml;
use crate::terminal::say;
use crate::terminal::streams::terminal_width;

const HEADINGS: [&str; 4] = ["SECRET", "ID", "NAME", "RESULT"];

/// The fields of a row in CSV and JSON, in order.
const FIELDS: [&str; 7] = ["lastFour", "_id", "name", "identifiedBy", "revoked", "result", "token"];

/// The row of one secret.
pub(crate) struct Row<'a> {
    pub(crate) last_four: &'a str,
    pub(crate) token: Option<&'a LeakedToken>,
    /// The result, for programs.
    pub(crate) result: &'static str,
    /// The result, in words.
    pub(crate) words: String,
    /// Whether the secret no longer works.
    pub(crate) is_revoked: bool,
    /// The tokens that the secret may belong to.
    pub(crate) candidates: &'a [LeakedToken],
}

/// Prints rows.
pub(crate) struct Report {
    format: Format,
    /// Whether standard output is only for the new secret.
    is_aside: bool,
    columns: Columns,
    printed: u64,
    /// The last four characters of each token's leaked secrets.
    leaked: HashMap<TokenId, (LeakedToken, Vec<String>)>,
    /// The tokens whose rows were printed with their new secrets.
    shown: Vec<TokenId>,
}

impl Report {
    pub(crate) fn new(plan: &Plan, format: Format, is_aside: bool) -> Self {
        let mut leaked: HashMap<TokenId, (LeakedToken, Vec<String>)> = HashMap::new();
        let mut cells = vec![HEADINGS.map(str::to_owned).to_vec()];
        for leak in plan.leaks() {
            let mut token = None;
            if let Finding::Token(found) = &leak.finding {
                token = Some(found);
                leaked
                    .entry(found.id.clone())
                    .or_insert_with(|| (found.clone(), Vec::new()))
                    .1
                    .push(leak.last_four.clone());
            }
            cells.push(cells_of(&leak.last_four, token, String::new()));
        }
        // The result comes last, and is not known yet.
        let room = terminal_width().map(|width| width.saturating_sub(24).max(50));
        let columns = Columns::new(&cells, &[], room, &[false, false, true, false]);
        Self { format, is_aside, columns, printed: 0, leaked, shown: Vec::new() }
    }

    /// Prints a row.
    pub(crate) fn row(&mut self, row: &Row<'_>) -> Result<bool, Failure> {
        if row.token.is_some_and(|token| self.shown.contains(&token.id)) && row.is_revoked {
            return Ok(true);
        }
        let mut json = json!({
            "lastFour": row.last_four,
            "_id": row.token.map(|token| &token.id),
            "name": row.token.and_then(|token| token.name.as_ref()),
            "identifiedBy": row.token.map(|token| if token.by_last_four { "lastFour" } else { "secret" }),
            "revoked": row.is_revoked,
            "result": row.result,
        });
        if !row.candidates.is_empty() {
            let candidates = row.candidates.iter().map(|token| json!({ "_id": token.id, "name": token.name }));
            json["candidates"] = candidates.collect();
        }
        self.print(&json, cells_of(row.last_four, row.token, row.words.clone()))
    }

    /// Prints the rows of a token that is rotated, with its new secret. Returns whether standard output is still read.
    pub(crate) fn with_secret(&mut self, id: &TokenId, secret: &Secret) -> Result<bool, Failure> {
        let Some((token, last_fours)) = self.leaked.get(id).cloned() else { return Ok(false) };
        let mut is_read = true;
        for last_four in last_fours {
            let json = json!({
                "lastFour": last_four,
                "_id": token.id,
                "name": token.name,
                "identifiedBy": if token.by_last_four { "lastFour" } else { "secret" },
                "revoked": true,
                "result": "rotated",
                "token": secret.expose(),
            });
            let words = format!("rotated; new secret: {}", secret.expose());
            is_read &= self.print(&json, cells_of(&last_four, Some(&token), words))?;
        }
        self.shown.push(id.clone());
        Ok(is_read)
    }

    fn print(&mut self, json: &Value, cells: Vec<String>) -> Result<bool, Failure> {
        self.printed += 1;
        let is_first = self.printed == 1;
        match self.format {
            Format::Table if self.is_aside => {
                say::result(&self.columns.line(&cells));
                Ok(true)
            }
            Format::Table => {
                let head =
                    if is_first { self.columns.line(&HEADINGS.map(str::to_owned)) + "\n" } else { String::new() };
                write(&format!("{head}{}\n", self.columns.line(&cells)))
            }
            _ if self.is_aside => Ok(true),
            Format::Json => {
                let before = if is_first { "[\n" } else { ",\n" };
                write(&format!("{before}  {}", pretty_json(json).replace('\n', "\n  ")))
            }
            Format::Ndjson => write(&(visible::json(json) + "\n")),
            Format::Yaml => write(&yaml(&json!([json]))),
            Format::Csv | Format::Value => {
                let head = if is_first { record(FIELDS.iter().map(|name| (*name).to_owned())) } else { String::new() };
                let cells = FIELDS.iter().map(|name| json.get(*name).map(plain).unwrap_or_default());
                write(&(head + &record(cells)))
            }
        }
    }

    /// Prints the end of the report.
    pub(crate) fn end(&self) -> Result<(), Failure> {
        let text = match (self.format, self.printed) {
            (Format::Json, 0) | (Format::Yaml, 0) => "[]\n".to_owned(),
            (Format::Json, _) => "\n]\n".to_owned(),
            (Format::Csv, 0) => record(FIELDS.iter().map(|name| (*name).to_owned())),
            _ => return Ok(()),
        };
        write(&text).map(|_| ())
    }
}

fn cells_of(last_four: &str, token: Option<&LeakedToken>, words: String) -> Vec<String> {
    let id = token.map(|token| token.id.to_string()).unwrap_or_default();
    let name = token.and_then(|token| token.name.clone()).unwrap_or_default();
    vec![format!("...{last_four}"), id, name, words]
}
