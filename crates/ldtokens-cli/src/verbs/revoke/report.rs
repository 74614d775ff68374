//! What became of each leaked secret, one row per secret.

use ldtokens::{Secret, TokenId};
use ldtokens_lifecycle::{Finding, KeyKind, LeakedToken, Revocation};
use serde_json::{Value, json};

use crate::terminal::{Columns, Failure, Field, Format, Kind, PrintArgs, Printer, say, write};
use crate::verbs::plan::Words;
use crate::verbs::revoke::{named, target};

const HEADINGS: [&str; 4] = ["SECRET", "ID", "NAME", "RESULT"];

/// The fields of a row in CSV.
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
        let [result, what] = named(kind);
        let reset = "it can only be reset where it was made, in LaunchDarkly's settings";
        let text = format!("not done: it is {what}, and not an access token: {reset}");
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

fn headings() -> Vec<String> {
    HEADINGS.map(str::to_owned).to_vec()
}

/// A row of the table.
fn row(last_four: &str, token: Option<&LeakedToken>, words: &str) -> Vec<String> {
    let id = token.map(|token| token.id.to_string()).unwrap_or_default();
    let name = token.and_then(|token| token.name.clone()).unwrap_or_default();
    vec![format!("...{last_four}"), id, name, words.to_owned()]
}

/// The rows of the report, each printed as soon as it is known.
pub(crate) struct Rows {
    pub(crate) format: Format,
    /// Whether standard output is only for the new secret.
    is_aside: bool,
    columns: Columns,
    is_headed: bool,
    /// Of formats other than a table.
    printer: Printer,
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
        let columns = (format == Format::Csv).then(|| FIELDS.map(Field::text).to_vec());
        let printer = match format {
            Format::Table => Printer::silent(),
            _ => Printer::new(format, &PrintArgs { columns, ..PrintArgs::default() })?.aside(is_aside),
        };
        let tokens = revocation.leaks.iter().filter_map(|leak| Some((leak.token()?.clone(), leak.last_four.clone())));
        let rows = revocation.leaks.iter().map(|leak| row(&leak.last_four, leak.token(), ""));
        let columns = Columns::new(&[headings()].into_iter().chain(rows).collect::<Vec<_>>(), &[], None, &[]);
        let left = tokens.collect();
        Ok(Self { format, is_aside, columns, is_headed: false, printer, revoked: 0, dead: 0, succeeded: 0, left })
    }

    /// What became of the secrets, in numbers.
    pub(crate) fn summary(&self) -> String {
        format!("{} revoked, {} already dead", self.revoked - self.dead, self.dead)
    }

    /// Prints the rows of a token's secrets, unless they were printed. Returns whether it did, and standard output is still read.
    pub(crate) fn print_token(&mut self, id: &TokenId, outcome: &Outcome) -> Result<bool, Failure> {
        let own: Vec<_> = self.left.extract_if(.., |(token, _)| token.id == *id).collect();
        let mut is_read = !own.is_empty();
        for (token, last_four) in own {
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
        let mut is_read = self.printer.token(&outcome.json(last_four, token))?;
        if self.format == Format::Table {
            let heading = (!std::mem::replace(&mut self.is_headed, true)).then(headings);
            for row in heading.into_iter().chain([row(last_four, token, &outcome.words)]) {
                let line = self.columns.line(&row);
                match self.is_aside {
                    true => say::result(&line),
                    false => is_read &= write(&format!("{line}\n"))?,
                }
            }
        }
        self.succeeded += usize::from(is_read && outcome.is_revoked && outcome.failure.is_none());
        Ok(is_read)
    }

    /// Prints the end of the report.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        std::mem::replace(&mut self.printer, Printer::silent()).finish().map(drop)
    }
}
