//! A plan for people.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::compare::Change;
use crate::plan::{Action, Kind, Plan};

impl Kind {
    /// Whether a new secret is delivered.
    pub fn gives_secret(self) -> bool {
        matches!(self, Self::Create | Self::Finish | Self::Rotate | Self::Replace)
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Create | Self::Finish => "+",
            Self::Update => "~",
            Self::Rotate | Self::Replace => "±",
            Self::Tidy | Self::Delete => "-",
        }
    }
}

/// The word for it, such as `create`, as in JSON.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for action in &self.actions {
            let Action { kind, key, reason, .. } = action;
            writeln!(f, "{} {kind:<7} {key} ({reason})", kind.sign())?;
            for change in &action.changes {
                writeln!(f, "    {change}")?;
            }
        }
        for problem in &self.problems {
            writeln!(f, "! {problem}")?;
        }
        f.write_str(&self.summary())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} → {}", self.property, short(&self.from), short(&self.to))
    }
}

impl Plan {
    /// One line: how many of what.
    pub fn summary(&self) -> String {
        let mut counts = BTreeMap::<Kind, usize>::new();
        self.actions.iter().for_each(|action| *counts.entry(action.kind).or_default() += 1);
        let mut parts: Vec<_> = counts.into_iter().map(|(kind, count)| format!("{count} to {kind}")).collect();
        match self.problems.len() {
            0 => {}
            1 => parts.push("1 problem to solve by hand".to_owned()),
            count => parts.push(format!("{count} problems to solve by hand")),
        }
        if parts.is_empty() { "No changes.".to_owned() } else { format!("{}.", parts.join(", ")) }
    }

    /// The plan as Markdown, for a comment on a pull request.
    pub fn markdown(&self) -> String {
        let section = |head: &str, lines: String| if lines.is_empty() { lines } else { format!("\n{head}\n{lines}") };
        let actions = self.actions.iter().map(|action| {
            let changes: Vec<_> = action.changes.iter().map(|change| cell(&change.to_string())).collect();
            let (key, changes, reason) = (cell(&action.key), changes.join("<br>"), cell(&action.reason));
            format!("| {} | {key} | {changes} | {reason} |\n", action.kind)
        });
        let problems = self.problems.iter().map(|problem| format!("- {}\n", cell(problem)));
        format!(
            "### Access tokens: {}\n{}{}",
            self.summary().to_lowercase().trim_end_matches('.'),
            section("| action | token | changes | reason |\n| --- | --- | --- | --- |", actions.collect()),
            section("**To solve by hand:**\n", problems.collect()),
        )
    }
}

/// Text that can't leave its cell or become HTML or a link.
fn cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '@' | '#' | '!' | '~' => safe.extend(['\\', letter]),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

fn short(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) if text.is_empty() => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(one) if one.len() == 1 => one.values().map(short).collect(),
        other => other.to_string(),
    }
}
