//! What is wrong with `openapi.yaml`, by line, and what to write instead.

mod examples;
mod generator;
mod words;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::api::{METHODS, escape};
use crate::generate::DOCUMENT;
use crate::lines::Lines;

/// Something wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands, as a JSON Pointer.
    pub pointer: String,
    /// What is wrong, and what to write instead.
    pub text: String,
}

/// Refuses a document that the generator can't take, or whose readers it leaves alone: each problem with its line.
///
/// # Errors
/// There is a problem.
pub fn lint(text: &str) -> Result<()> {
    let lines = Lines::read(text)?;
    let problems = problems(&serde_yaml_ng::from_str(text)?);
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
pub fn problems(document: &Value) -> Vec<Problem> {
    let mut problems = generator::problems(document);
    // What the generator can't take may not be worth describing.
    if problems.is_empty() {
        problems.extend(words::problems(document));
        problems.extend(examples::problems(document));
    }
    problems
}

fn problem(pointer: impl Into<String>, text: impl Into<String>) -> Problem {
    Problem { pointer: pointer.into(), text: text.into() }
}

/// Each operation of the document, and its JSON Pointer.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                found.push((format!("/paths/{}/{method}", escape(path)), operation));
            }
        }
    }
    found
}

/// Each of the component schemas, and its JSON Pointer.
fn schemas(document: &Value) -> Vec<(String, &Value)> {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten();
    schemas.map(|(name, schema)| (format!("/components/schemas/{}", escape(name)), schema)).collect()
}
