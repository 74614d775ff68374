//! The output format.

use std::borrow::Cow;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::terminal::failure::Failure;

/// The variable for the output format, which `ldcli` uses too.
const VARIABLE: &str = "LD_OUTPUT";

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Format {
    Table,
    Json,
    Ndjson,
    Yaml,
    Csv,
    Value,
}

/// What `--output` names: a format, or one of those that only a few commands have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Output {
    Data(Format),
    Markdown,
    Prometheus,
    Html,
}

/// All of them, with names and meanings.
const OUTPUTS: [(Output, &str, &str); 9] = [
    (Output::Data(Format::Table), "table", "for people: one token per line, or one field per line"),
    (Output::Data(Format::Json), "json", "JSON, with the API's own names"),
    (Output::Data(Format::Ndjson), "ndjson", "one JSON object per line"),
    (Output::Data(Format::Yaml), "yaml", "YAML, with the API's own names"),
    (Output::Data(Format::Csv), "csv", "comma-separated values (RFC 4180)"),
    (Output::Data(Format::Value), "value", "only the field that --columns names, one value per line"),
    (Output::Markdown, "markdown", "`ldtokens audit` and `plan` only: for a pull request or the summary of a job"),
    (Output::Prometheus, "prometheus", "`ldtokens audit` only: metrics for the textfile collector"),
    (Output::Html, "html", "`ldtokens audit` only: one page, without scripts"),
];

impl Output {
    /// Parses the value of `--output`.
    pub(crate) fn parser() -> impl TypedValueParser<Value = Self> {
        PossibleValuesParser::new(OUTPUTS.map(|(_, name, help)| PossibleValue::new(name).help(help)))
            .map(|name| Self::named(&name).expect("it is one of them"))
    }

    /// The values that a command takes, for completion.
    pub(crate) fn values_of(command: &str) -> PossibleValuesParser {
        let is_taken = |output: Self| match output {
            Self::Data(_) => true,
            Self::Markdown => matches!(command, "audit" | "plan"),
            Self::Prometheus | Self::Html => command == "audit",
        };
        let taken = OUTPUTS.into_iter().filter(|(output, ..)| is_taken(*output));
        PossibleValuesParser::new(taken.map(|(_, name, help)| PossibleValue::new(name).help(help)))
    }

    /// What `--output` names, or else `LD_OUTPUT`, if one was asked for.
    pub(crate) fn asked(output: Option<Self>) -> Result<Option<Self>, Failure> {
        match (output, std::env::var(VARIABLE)) {
            (Some(output), _) => Ok(Some(output)),
            (None, Err(_)) => Ok(None),
            (None, Ok(name)) => Self::named(&name).map(Some).ok_or_else(|| {
                Failure::usage(format!(
                    "{VARIABLE} must be table, json, ndjson, yaml, csv, value, or ldcli's plaintext"
                ))
            }),
        }
    }

    fn named(name: &str) -> Option<Self> {
        let name = if matches!(name, "" | "plaintext") { "table" } else { name };
        OUTPUTS.iter().find(|(_, known, _)| *known == name).map(|(output, ..)| *output)
    }

    /// Whether errors are JSON too.
    pub(crate) fn has_json_errors(self) -> bool {
        matches!(self, Self::Data(Format::Json | Format::Ndjson))
    }

    /// The format of a command that has no other output.
    pub(crate) fn data(self) -> Result<Format, Failure> {
        match self {
            Self::Data(format) => Ok(format),
            _ => Err(Failure::usage(
                "--output markdown, prometheus and html are for `ldtokens audit` and `plan`: use table, json, ndjson, yaml, csv or value",
            )),
        }
    }
}

impl Format {
    /// Whether the arguments or the environment ask for JSON errors. Works also if the arguments are invalid.
    pub(crate) fn asks_for_json_errors(words: &[Cow<'_, str>]) -> bool {
        let words = words.iter().position(|word| word == "--").map_or(words, |end| &words[..end]);
        let asked = words.iter().enumerate().find_map(|(at, word)| match value_of_output(word)? {
            "" => words.get(at + 1).map(|word| word.clone().into_owned()),
            value => Some(value.to_owned()),
        });
        let asked = asked.or_else(|| std::env::var(VARIABLE).ok());
        asked.and_then(|name| Output::named(&name)).is_some_and(Output::has_json_errors)
    }
}

/// The value of `--output` in an argument such as `--output=json` or `-aojson`. It is empty if it is the next argument.
fn value_of_output(word: &str) -> Option<&str> {
    if let Some(value) = word.strip_prefix("--output") {
        return if value.is_empty() { Some("") } else { value.strip_prefix('=') };
    }
    let (switches, value) = word.strip_prefix('-').filter(|word| !word.starts_with('-'))?.split_once('o')?;
    let takes_no_value = |switch: char| "aqvy".contains(switch);
    switches.chars().all(takes_no_value).then(|| value.strip_prefix('=').unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn json_errors_follow_every_spelling_of_the_output_flag() {
        for (words, asked) in [
            (&["list", "--output", "json"][..], true),
            (&["list", "--output=ndjson"], true),
            (&["list", "-o", "json"], true),
            (&["list", "-ojson"], true),
            (&["list", "-o=json"], true),
            (&["list", "-ao", "json"], true),
            (&["list", "-aqojson"], true),
            (&["list", "-o", "yaml"], false),
            (&["create", "-no", "json"], false),
            (&["get", "--", "-o", "json"], false),
            (&["list"], false),
        ] {
            let words: Vec<_> = words.iter().map(|word| (*word).into()).collect();
            assert_eq!(Format::asks_for_json_errors(&words), asked, "{words:?}");
        }
    }
}
