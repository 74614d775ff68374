//! What is wrong with `openapi.yaml`, by line, and what to write instead.

mod examples;
mod generator;
mod refusal;
mod words;

use anyhow::{Result, bail};
use indexmap::IndexSet;

use crate::DOCUMENT;
use crate::api::{Document, yaml};
use crate::lines::Lines;

/// Something wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// Where it stands, as a JSON Pointer.
    pub pointer: String,
    /// What is wrong, and what to write instead.
    pub text: String,
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
    let mut problems = unsupported(document);
    if problems.is_empty() {
        problems.extend(words::problems(document));
        problems.extend(examples::problems(document));
    }
    // Operations share parameters.
    problems.into_iter().collect::<IndexSet<_>>().into_iter().collect()
}

/// The problems that the generator would have with a document, as far as they are known without trying.
pub(crate) fn unsupported(document: &Document) -> Vec<Problem> {
    generator::problems(document)
}

fn problem(pointer: impl Into<String>, text: impl Into<String>) -> Problem {
    Problem { pointer: pointer.into(), text: text.into() }
}
