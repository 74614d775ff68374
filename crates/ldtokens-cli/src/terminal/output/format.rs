//! The output format.

use std::borrow::Cow;
use std::io::IsTerminal;

use clap::ValueEnum;
use clap::builder::PossibleValue;

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

/// What `--output` names: a format, or one of those that only the audit has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Output {
    Data(Format),
    Markdown,
    Prometheus,
    Html,
}

impl ValueEnum for Output {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Data(Format::Table),
            Self::Data(Format::Json),
            Self::Data(Format::Ndjson),
            Self::Data(Format::Yaml),
            Self::Data(Format::Csv),
            Self::Data(Format::Value),
            Self::Markdown,
            Self::Prometheus,
            Self::Html,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Data(Format::Table) => ("table", "for people: one token per line, or one field per line"),
            Self::Data(Format::Json) => ("json", "JSON, with the API's own names"),
            Self::Data(Format::Ndjson) => ("ndjson", "one JSON object per line"),
            Self::Data(Format::Yaml) => ("yaml", "YAML, with the API's own names"),
            Self::Data(Format::Csv) => ("csv", "comma-separated values (RFC 4180)"),
            Self::Data(Format::Value) => ("value", "only the field that --columns names, one value per line"),
            Self::Markdown => {
                ("markdown", "`ldtokens audit` and `plan` only: for a pull request or the summary of a job")
            }
            Self::Prometheus => ("prometheus", "`ldtokens audit` only: metrics for the textfile collector"),
            Self::Html => ("html", "`ldtokens audit` only: one page, without scripts"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

impl Output {
    /// What `--output` names, or else `LD_OUTPUT`, if one was asked for.
    pub(crate) fn asked(output: Option<Self>) -> Result<Option<Self>, Failure> {
        if output.is_some() {
            return Ok(output);
        }
        match std::env::var(VARIABLE) {
            Err(_) => Ok(None),
            Ok(name) => Self::named(&name).map(Some).ok_or_else(|| {
                Failure::usage(format!(
                    "{VARIABLE} must be table, json, ndjson, yaml, csv, value, or ldcli's plaintext"
                ))
            }),
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "" | "plaintext" => Some(Self::Data(Format::Table)),
            name => <Self as ValueEnum>::from_str(name, false).ok(),
        }
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

/// The width of the terminal, if standard output is one.
pub(crate) fn terminal_width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    Some(terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0)))
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
