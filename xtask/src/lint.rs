//! What is wrong with `openapi.yaml`, by line, and what to write instead.

mod examples;
mod generator;
mod words;

use anyhow::{Result, bail};
use indexmap::IndexSet;

use crate::DOCUMENT;
use crate::api::{Document, read, schemas};
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
    let lines = Lines::read(text)?;
    let problems = problems(&Document(serde_saphyr::from_str(text)?));
    if problems.is_empty() {
        return Ok(());
    }
    let mut report = String::new();
    for Problem { pointer, text } in &problems {
        report.push_str(&format!("\n  {DOCUMENT}:{}: {text}  ({pointer})", lines.line(pointer)));
    }
    bail!("{DOCUMENT} has {} problems:{report}", problems.len())
}

/// All problems of a document.
pub fn problems(document: &Document) -> Vec<Problem> {
    let problems = generator::problems(document);
    // What the generator does not support has to change before it is described.
    if !problems.is_empty() {
        return problems;
    }
    let (api, schemas) = match (read(document, |_| true), schemas(document)) {
        (Ok(api), Ok(schemas)) => (api, schemas),
        (Err(error), _) | (_, Err(error)) => return vec![problem("", format!("{error:#}"))],
    };
    let mut problems = words::problems(&api, &schemas);
    problems.extend(examples::problems(document, &api, &schemas));
    // Operations share parameters.
    problems.into_iter().collect::<IndexSet<_>>().into_iter().collect()
}

fn problem(pointer: impl Into<String>, text: impl Into<String>) -> Problem {
    Problem { pointer: pointer.into(), text: text.into() }
}
