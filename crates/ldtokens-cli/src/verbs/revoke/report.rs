//! Prints the result for each leaked secret, one row per secret, as soon as it is known.

use ldtokens::{Secret, TokenId};
use ldtokens_lifecycle::{Finding, KeyKind, LeakedToken, Revocation};
use serde_json::{Value, json};

use crate::terminal::{Columns, Failure, Format, Kind, PrintArgs, Printer, plain, record, say, terminal_width, write};
use crate::verbs::plan::Words;
use crate::verbs::revoke::{named, target};

const HEADINGS: [&str; 4] = ["SECRET", "ID", "NAME", "RESULT"];

/// The fields of a row in CSV and JSON, in order.
const FIELDS: [&str; 7] = ["lastFour", "_id", "name", "identifiedBy", "revoked", "result", "token"];

/// What became of a secret.
#[derive(Default)]
pub(crate) struct Outcome {
    /// For programs.
    pub(crate) result: &'static str,
    pub(crate) words: String,
    /// Whether the secret no longer works.
    pub(crate) is_revoked: bool,
    pub(crate) failure: Option<Failure>,
    /// The tokens that the secret may belong to.
    pub(crate) candidates: Vec<LeakedToken>,
    /// The new secret of its token.
    pub(crate) secret: Option<Secret>,
}

impl Outcome {
    pub(crate) fn new(result: &'static str, words: impl Into<String>) -> Self {
        Self { result, words: words.into(), is_revoked: true, ..Self::default() }
    }

    pub(crate) fn dead() -> Self {
        Self::new("dead", "dead: it does not work any more")
    }

    pub(crate) fn not_tried() -> Self {
        Self { is_revoked: false, ..Self::new("not_tried", "not tried") }
    }

    pub(crate) fn failed(result: &'static str, failure: Failure) -> Self {
        Self { is_revoked: false, failure: Some(failure.clone()), ..Self::new(result, failure.to_string()) }
    }

    /// Of a key that is not an access token.
    pub(crate) fn of_key(kind: KeyKind) -> Self {
        let result = match kind {
            KeyKind::Sdk => "sdk_key",
            KeyKind::Mobile => "mobile_key",
            KeyKind::Relay => "relay_key",
            _ => "other_key",
        };
        let text = format!("not done: it is {}, and not an access token", named(kind));
        Self::failed(result, Failure::usage(text))
    }

    /// What is known of a secret before anything is done.
    pub(crate) fn planned(finding: &Finding, words: &Words) -> Self {
        match finding {
            Finding::Token(token) => {
                let note = match (token.is_own, token.by_last_four) {
                    (true, _) => ", last: it is the credential in use",
                    (_, true) => "; chosen by --id, and the secret has its last four characters",
                    _ => "",
                };
                let result = if words.verb == "Delete" { "would_be_deleted" } else { "would_be_rotated" };
                let words = format!("would be {}{note}", words.done);
                Self { is_revoked: false, ..Self::new(result, words) }
            }
            Finding::Dead => Self::dead(),
            Finding::Unproven { candidates, reason } => {
                let text = format!("not done: the API does not say whose it is ({reason})");
                let ids: Vec<_> = candidates.iter().map(|token| target(token).to_string()).collect();
                let outcome = if ids.is_empty() {
                    let text = format!("{text}; no token visible to the credential has its last four characters");
                    Self::failed("unknown", Failure::new(Kind::NotFound, text))
                } else {
                    let text = format!("{text}; its last four characters are those of {}", ids.join(", "));
                    Self::failed("unproven", Failure::usage(format!("{text}: if it is one of them, add --id")))
                };
                Self { candidates: candidates.clone(), ..outcome }
            }
            Finding::NotASecret => {
                let text =
                    "not done: it is not an access token's secret, which is api- and a UUID; it may be cut or quoted";
                Self::failed("not_a_secret", Failure::usage(text))
            }
            Finding::OtherKey(kind) => Self::of_key(*kind),
            Finding::Failed(error) => Self::failed("failed", Failure::from(error).within("failed")),
            _ => Self::failed("failed", Failure::other("not known")),
        }
    }

    fn json(&self, last_four: &str, token: Option<&LeakedToken>) -> Value {
        let mut json = json!({
            "lastFour": last_four,
            "_id": token.map(|token| &token.id),
            "name": token.and_then(|token| token.name.as_ref()),
            "identifiedBy": token.map(|token| if token.by_last_four { "lastFour" } else { "secret" }),
            "revoked": self.is_revoked,
            "result": self.result,
        });
        if !self.candidates.is_empty() {
            let candidates = self.candidates.iter().map(|token| json!({ "_id": token.id, "name": token.name }));
            json["candidates"] = candidates.collect();
        }
        if let Some(secret) = &self.secret {
            json["token"] = secret.expose().into();
        }
        json
    }
}

fn cells(last_four: &str, token: Option<&LeakedToken>, words: &str) -> Vec<String> {
    let id = token.map(|token| token.id.to_string()).unwrap_or_default();
    let name = token.and_then(|token| token.name.clone()).unwrap_or_default();
    vec![format!("...{last_four}"), id, name, words.to_owned()]
}

/// Prints rows.
pub(crate) struct Rows {
    format: Format,
    /// Whether standard output is only for the new secret.
    is_aside: bool,
    columns: Columns,
    /// Of formats that are neither a table nor CSV.
    printer: Printer,
    is_empty: bool,
    /// How many secrets no longer work.
    revoked: usize,
    /// How many of them did not work before either.
    dead: usize,
    /// How many of the rows are of a success.
    pub(crate) succeeded: usize,
    /// The secrets of known tokens whose rows are still to be printed, by their last four characters.
    left: Vec<(LeakedToken, String)>,
}

impl Rows {
    pub(crate) fn new(revocation: &Revocation, format: Format, is_aside: bool) -> Result<Self, Failure> {
        let mut all = vec![HEADINGS.map(str::to_owned).to_vec()];
        let mut left = Vec::new();
        for leak in &revocation.leaks {
            left.extend(leak.token().map(|token| (token.clone(), leak.last_four.clone())));
            all.push(cells(&leak.last_four, leak.token(), ""));
        }
        // The result comes last, and is not known yet.
        let room = terminal_width().map(|width| width.saturating_sub(24).max(50));
        let columns = Columns::new(&all, &[], room, &[false, false, true, false]);
        let mut printer = Printer::silent();
        if !matches!(format, Format::Table | Format::Csv) {
            printer = Printer::new(format, &PrintArgs::default())?;
        }
        if is_aside {
            printer = printer.aside();
        }
        let (revoked, dead, succeeded) = (0, 0, 0);
        Ok(Self { format, is_aside, columns, printer, is_empty: true, revoked, dead, succeeded, left })
    }

    /// What became of the secrets, in numbers.
    pub(crate) fn summary(&self) -> String {
        format!("{} revoked, {} already dead", self.revoked - self.dead, self.dead)
    }

    /// Prints the rows of a token's secrets, unless they were printed. Returns whether standard output is still read.
    pub(crate) fn print_token(&mut self, id: &TokenId, outcome: &Outcome) -> Result<bool, Failure> {
        let mut is_read = true;
        for (token, last_four) in self.left.extract_if(.., |(token, _)| token.id == *id).collect::<Vec<_>>() {
            is_read &= self.print(&last_four, Some(&token), outcome)?;
        }
        Ok(is_read)
    }

    /// Prints a row. Returns whether standard output is still read.
    pub(crate) fn print(
        &mut self,
        last_four: &str,
        token: Option<&LeakedToken>,
        outcome: &Outcome,
    ) -> Result<bool, Failure> {
        self.revoked += usize::from(outcome.is_revoked);
        self.dead += usize::from(outcome.result == "dead");
        self.succeeded += usize::from(outcome.is_revoked && outcome.failure.is_none());
        let (is_first, json) = (std::mem::take(&mut self.is_empty), outcome.json(last_four, token));
        let line = self.columns.line(&cells(last_four, token, &outcome.words));
        match self.format {
            Format::Table | Format::Csv if self.is_aside => {
                say::result(&line);
                Ok(true)
            }
            Format::Table if is_first => {
                write(&format!("{}\n{line}\n", self.columns.line(&HEADINGS.map(str::to_owned))))
            }
            Format::Table => write(&(line + "\n")),
            Format::Csv => {
                let head = if is_first { csv_head() } else { String::new() };
                write(&(head + &record(FIELDS.iter().map(|name| json.get(*name).map(plain).unwrap_or_default()))))
            }
            _ => self.printer.token(&json),
        }
    }

    /// Prints the end of the report.
    pub(crate) fn end(&mut self) -> Result<(), Failure> {
        if self.format == Format::Csv && self.is_empty && !self.is_aside {
            write(&csv_head())?;
        }
        std::mem::replace(&mut self.printer, Printer::silent()).finish().map(drop)
    }
}

fn csv_head() -> String {
    record(FIELDS.map(str::to_owned).into_iter())
}
