//! A plan for people.

use std::fmt;

use serde_json::Value;

use crate::compare::Change;
use crate::plan::{Action, Kind, Plan};

impl Kind {
    fn sign(self) -> &'static str {
        match self {
            Self::Create | Self::Finish => "+",
            Self::Update => "~",
            Self::Rotate | Self::Replace => "±",
            Self::Tidy | Self::Delete => "-",
        }
    }

    /// The word for it, such as `create`.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Finish => "finish",
            Self::Update => "update",
            Self::Rotate => "rotate",
            Self::Replace => "replace",
            Self::Tidy => "tidy",
            Self::Delete => "delete",
        }
    }
}

const KINDS: [Kind; 7] =
    [Kind::Create, Kind::Finish, Kind::Update, Kind::Rotate, Kind::Replace, Kind::Tidy, Kind::Delete];

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for action in &self.actions {
            writeln!(f, "{} {:<7} {} ({})", action.kind.sign(), action.kind.verb(), action.key, action.reason)?;
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
        let counts = KINDS.map(|kind| (self.count(kind), kind.verb()));
        let mut parts: Vec<_> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, verb)| format!("{count} to {verb}")).collect();
        match self.problems.len() {
            0 => {}
            1 => parts.push("1 problem to solve by hand".to_owned()),
            count => parts.push(format!("{count} problems to solve by hand")),
        }
        if parts.is_empty() { "No changes.".to_owned() } else { format!("{}.", parts.join(", ")) }
    }

    /// The plan as Markdown, for a comment on a pull request.
    pub fn markdown(&self) -> String {
        let mut text = format!("### Access tokens: {}\n", self.summary().to_lowercase().trim_end_matches('.'));
        if !self.actions.is_empty() {
            text.push_str("\n| action | token | changes | reason |\n| --- | --- | --- | --- |\n");
            self.actions.iter().for_each(|action| text.push_str(&row(action)));
        }
        if !self.problems.is_empty() {
            text.push_str("\n**To solve by hand:**\n\n");
            self.problems.iter().for_each(|problem| text.push_str(&format!("- {}\n", cell(problem))));
        }
        text
    }
}

fn row(action: &Action) -> String {
    let changes: Vec<_> = action.changes.iter().map(|change| cell(&change.to_string())).collect();
    format!(
        "| {} | {} | {} | {} |\n",
        action.kind.verb(),
        cell(&action.key),
        changes.join("<br>"),
        cell(&action.reason)
    )
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
