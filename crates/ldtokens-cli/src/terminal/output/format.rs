//! The output format.

use std::borrow::Cow;

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;

use crate::terminal::failure::Failure;

/// The variable for the output format, which `ldcli` uses too.
const VARIABLE: &str = "LD_OUTPUT";

/// An output format. Only a few commands have the last three.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// for people: one token per line, or one field per line
    Table,
    /// JSON, with the API's own names
    Json,
    /// one JSON object per line
    Ndjson,
    /// YAML, with the API's own names
    Yaml,
    /// comma-separated values (RFC 4180)
    Csv,
    /// only the field that --columns names, one value per line
    Value,
    /// `ldtokens audit` and `plan` only: for a pull request or the summary of a job
    Markdown,
    /// `ldtokens audit` only: metrics for the textfile collector
    Prometheus,
    /// `ldtokens audit` only: one page, without scripts
    Html,
}

impl Format {
    /// The formats that a command has, for completion.
    pub(crate) fn values_of(command: &str) -> PossibleValuesParser {
        let taken = Self::value_variants().iter().filter(|format| match format {
            Self::Markdown => matches!(command, "audit" | "plan"),
            Self::Prometheus | Self::Html => command == "audit",
            _ => true,
        });
        PossibleValuesParser::new(taken.filter_map(Self::to_possible_value))
    }

    /// The `--output` that was given, or else `LD_OUTPUT`, if one was asked for.
    pub(crate) fn asked(output: Option<Self>) -> Result<Option<Self>, Failure> {
        match std::env::var(VARIABLE) {
            Ok(name) if output.is_none() => Self::named(&name).map(Some).ok_or_else(|| {
                Failure::usage(format!(
                    "{VARIABLE} must be table, json, ndjson, yaml, csv, value, or ldcli's plaintext"
                ))
            }),
            _ => Ok(output),
        }
    }

    fn named(name: &str) -> Option<Self> {
        let name = if matches!(name, "" | "plaintext") { "table" } else { name };
        Self::from_str(name, false).ok()
    }

    /// Refuses a format that only a few commands have.
    pub(crate) fn of_any_command(self) -> Result<Self, Failure> {
        match self {
            Self::Markdown | Self::Prometheus | Self::Html => Err(Failure::usage(
                "--output markdown, prometheus and html are for `ldtokens audit` and `plan`: use table, json, ndjson, yaml, csv or value",
            )),
            _ => Ok(self),
        }
    }

    /// Whether the arguments or the environment ask for JSON errors. Works also if the arguments are invalid.
    pub(crate) fn asks_for_json_errors(words: &[Cow<'_, str>]) -> bool {
        let words = words.iter().position(|word| word == "--").map_or(words, |end| &words[..end]);
        let asked = words.iter().enumerate().find_map(|(at, word)| match value_of_output(word)? {
            "" => words.get(at + 1).map(|word| word.clone().into_owned()),
            value => Some(value.to_owned()),
        });
        let asked = asked.or_else(|| std::env::var(VARIABLE).ok()).and_then(|name| Self::named(&name));
        matches!(asked, Some(Self::Json | Self::Ndjson))
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
