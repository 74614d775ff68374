//! Prints the result for each leaked secret, one row per secret, as soon as it is known.

use ldtokens::{Secret, TokenId};
use ldtokens_lifecycle::{Finding, KeyKind, Leak, LeakedToken, Revocation};
use serde_json::{Value, json};

use crate::terminal::failure::{Failure, Kind};
use crate::terminal::output::columns::Columns;
use crate::terminal::output::field::plain;
use crate::terminal::output::format::Format;
use crate::terminal::output::printer::record;
use crate::terminal::output::visible::{self, pretty_json};
use crate::terminal::output::write;
use crate::terminal::output::yaml::yaml;
use crate::terminal::say;
use crate::terminal::streams::terminal_width;
use crate::verbs::plan::Words;
use crate::verbs::revoke::{named, target};

const HEADINGS: [&str; 4] = ["SECRET", "ID", "NAME", "RESULT"];

/// The fields of a row in CSV and JSON, in order.
const FIELDS: [&str; 7] = ["lastFour", "_id", "name", "identifiedBy", "revoked", "result", "token"];

pub(crate) const DEAD: &str = "dead: it does not work any more";

/// The row of one secret.
pub(crate) struct Row<'a> {
    last_four: &'a str,
    pub(crate) token: Option<&'a LeakedToken>,
    /// The result, for programs.
    result: &'static str,
    /// The result, in words.
    words: String,
    /// Whether the secret no longer works.
    is_revoked: bool,
    /// The tokens that the secret may belong to.
    candidates: &'a [LeakedToken],
    /// The new secret of the token.
    secret: Option<&'a Secret>,
}

impl<'a> Row<'a> {
    fn new(last_four: &'a str) -> Self {
        let words = String::new();
        Self { last_four, token: None, result: "", words, is_revoked: false, candidates: &[], secret: None }
    }

    fn cells(&self) -> Vec<String> {
        let id = self.token.map(|token| token.id.to_string()).unwrap_or_default();
        let name = self.token.and_then(|token| token.name.clone()).unwrap_or_default();
        vec![format!("...{}", self.last_four), id, name, self.words.clone()]
    }

    fn json(&self) -> Value {
        let mut json = json!({
            "lastFour": self.last_four,
            "_id": self.token.map(|token| &token.id),
            "name": self.token.and_then(|token| token.name.as_ref()),
            "identifiedBy": self.token.map(|token| if token.by_last_four { "lastFour" } else { "secret" }),
            "revoked": self.is_revoked,
            "result": self.result,
        });
        if !self.candidates.is_empty() {
            let candidates = self.candidates.iter().map(|token| json!({ "_id": token.id, "name": token.name }));
            json["candidates"] = candidates.collect();
        }
        if let Some(secret) = self.secret {
            json["token"] = secret.expose().into();
        }
        json
    }
}

/// What is known of a secret before anything is done, and whether that is a failure.
pub(crate) fn found<'a>(leak: &'a Leak, words: &Words<'_>) -> (Row<'a>, Option<Failure>) {
    let row = Row::new(&leak.last_four);
    let failed = |result, words: String, kind| {
        let failure = Failure::new(kind, words.as_str());
        (Row { result, words, ..Row::new(&leak.last_four) }, Some(failure))
    };
    match &leak.finding {
        Finding::Token(token) => {
            let note = match (token.is_own, token.by_last_four) {
                (true, _) => ", last: it is the credential in use",
                (_, true) => "; chosen by --id, and the secret has its last four characters",
                _ => "",
            };
            let result = if words.verb == "Delete" { "would_be_deleted" } else { "would_be_rotated" };
            let words = format!("would be {}{note}", words.labels.done);
            (Row { token: Some(token), result, words, ..row }, None)
        }
        Finding::Dead => (Row { result: "dead", words: DEAD.to_owned(), is_revoked: true, ..row }, None),
        Finding::Unproven { candidates, reason } => {
            let ids: Vec<_> = candidates.iter().map(|token| target(token).to_string()).collect();
            let (result, kind, which) = match &ids[..] {
                [] => {
                    let which = "no token visible to the credential has its last four characters".to_owned();
                    ("unknown", Kind::NotFound, which)
                }
                ids => {
                    let ids = ids.join(", ");
                    let which = format!("its last four characters are those of {ids}: if it is one of them, add --id");
                    ("unproven", Kind::Usage, which)
                }
            };
            let words = format!("not done: the API does not say whose it is ({reason}); {which}");
            let (row, failure) = failed(result, words, kind);
            (Row { candidates, ..row }, failure)
        }
        Finding::NotASecret => failed(
            "not_a_secret",
            "not done: it is not an access token's secret, which is api- and a UUID; it may be cut or quoted"
                .to_owned(),
            Kind::Usage,
        ),
        Finding::OtherKey(kind) => {
            let row = of_key(*kind, &leak.last_four);
            failed(row.result, row.words, Kind::Usage)
        }
        Finding::Failed(error) => {
            let failure = Failure::from(error);
            (Row { result: "failed", words: format!("failed: {failure}"), ..row }, Some(failure))
        }
        _ => failed("failed", "not known".to_owned(), Kind::Other),
    }
}

/// The row of a key that is not an access token.
pub(crate) fn of_key(kind: KeyKind, last_four: &str) -> Row<'_> {
    let result = match kind {
        KeyKind::Sdk => "sdk_key",
        KeyKind::Mobile => "mobile_key",
        KeyKind::Relay => "relay_key",
        _ => "other_key",
    };
    let words = format!("not done: it is {}, and not an access token", named(kind));
    Row { result, words, ..Row::new(last_four) }
}

/// Prints rows.
pub(crate) struct Rows {
    format: Format,
    /// Whether standard output is only for the new secret.
    is_aside: bool,
    columns: Columns,
    printed: u64,
    /// How many secrets no longer work.
    pub(crate) revoked: usize,
    /// The secrets of known tokens whose rows are still to be printed, by their last four characters.
    left: Vec<(LeakedToken, String)>,
}

impl Rows {
    pub(crate) fn new(revocation: &Revocation, format: Format, is_aside: bool) -> Self {
        let mut cells = vec![HEADINGS.map(str::to_owned).to_vec()];
        let mut left = Vec::new();
        for leak in &revocation.leaks {
            let mut row = Row::new(&leak.last_four);
            if let Finding::Token(token) = &leak.finding {
                row.token = Some(token);
                left.push((token.clone(), leak.last_four.clone()));
            }
            cells.push(row.cells());
        }
        // The result comes last, and is not known yet.
        let room = terminal_width().map(|width| width.saturating_sub(24).max(50));
        let columns = Columns::new(&cells, &[], room, &[false, false, true, false]);
        Self { format, is_aside, columns, printed: 0, revoked: 0, left }
    }

    /// Prints the rows of a token's secrets, unless they were printed. Returns whether standard output is still read.
    pub(crate) fn print_token(
        &mut self,
        id: &TokenId,
        result: &'static str,
        words: &str,
        is_revoked: bool,
        secret: Option<&Secret>,
    ) -> Result<bool, Failure> {
        let (own, left) = std::mem::take(&mut self.left).into_iter().partition(|(token, _)| token.id == *id);
        self.left = left;
        let own: Vec<(LeakedToken, String)> = own;
        let mut is_read = true;
        for (token, last_four) in &own {
            let words = match secret {
                Some(secret) => format!("{words}; new secret: {}", secret.expose()),
                None => words.to_owned(),
            };
            let row = Row { token: Some(token), result, words, is_revoked, secret, ..Row::new(last_four) };
            is_read &= self.print(&row)?;
        }
        Ok(is_read)
    }

    /// Prints a row. Returns whether standard output is still read.
    pub(crate) fn print(&mut self, row: &Row<'_>) -> Result<bool, Failure> {
        self.printed += 1;
        self.revoked += usize::from(row.is_revoked);
        let (is_first, json) = (self.printed == 1, row.json());
        match self.format {
            Format::Table if self.is_aside => {
                say::result(&self.columns.line(&row.cells()));
                Ok(true)
            }
            Format::Table => {
                let head = self.columns.line(&HEADINGS.map(str::to_owned)) + "\n";
                write(&format!("{}{}\n", if is_first { &head } else { "" }, self.columns.line(&row.cells())))
            }
            _ if self.is_aside => Ok(true),
            Format::Json => {
                let before = if is_first { "[\n" } else { ",\n" };
                write(&format!("{before}  {}", pretty_json(&json).replace('\n', "\n  ")))
            }
            Format::Ndjson => write(&(visible::json(&json) + "\n")),
            Format::Yaml => write(&yaml(&json!([json]))),
            Format::Csv | Format::Value => {
                let head = if is_first { record(FIELDS.map(str::to_owned).into_iter()) } else { String::new() };
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
            (Format::Csv, 0) => record(FIELDS.map(str::to_owned).into_iter()),
            _ => return Ok(()),
        };
        write(&text).map(|_| ())
    }
}
