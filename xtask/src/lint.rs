//! What is wrong with `openapi.yaml`, by line, and what to write instead.

mod described;
mod generator;
mod refusal;

use anyhow::{Result, bail};
use indexmap::IndexSet;

use crate::DOCUMENT;
use crate::api::{Document, yaml};
use crate::lines::Lines;

pub(crate) use generator::unsupported;

/// Something wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// Where it stands, as a JSON Pointer.
    pub pointer: String,
    /// What is wrong, and what to write instead.
    pub text: String,
}

/// The problems found so far, each once: operations share parameters.
#[derive(Default)]
struct Found(IndexSet<Problem>);

impl Found {
    fn when(&mut self, is_wrong: bool, pointer: impl Into<String>, text: impl Into<String>) {
        self.0.extend(is_wrong.then(|| Problem { pointer: pointer.into(), text: text.into() }));
    }
}

/// Refuses a document that the generator does not support, or in which something is not described: each problem with its line.
///
/// # Errors
/// There is a problem.
pub fn lint(text: &str) -> Result<()> {
    refuse(text, &problems(&Document(yaml(text)?)))
}

/// Refuses a text with problems.
pub(crate) fn refuse(text: &str, problems: &[Problem]) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    let lines = Lines::read(text)?;
    let mut report = String::new();
    for Problem { pointer, text } in problems {
        report.push_str(&format!("\n  {DOCUMENT}:{}: {text}  ({pointer})", lines.line(pointer)));
    }
    bail!("{DOCUMENT} has {} problems:{report}", problems.len())
}

/// All problems of a document.
pub fn problems(document: &Document) -> Vec<Problem> {
    let known = known_problems(document);
    if known.is_empty() { refusal::problem_of(document).into_iter().collect() } else { known }
}

/// The problems of a document that can be seen without generating its code.
pub(crate) fn known_problems(document: &Document) -> Vec<Problem> {
    // What the generator does not support has to change before it is described.
    let unsupported = unsupported(document);
    if unsupported.is_empty() { described::problems(document) } else { unsupported }
}
