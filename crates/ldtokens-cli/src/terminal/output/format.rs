//! The output format.

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;
use ldtokens_operations::OperationSpec;

use crate::terminal::failure::Failure;

/// The variable for the output format, which `ldcli` uses too.
const VARIABLE: &str = "LD_OUTPUT";

/// An output format.
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
    /// only the field that --columns names, one value per line; a line break in it is written \n
    Value,
    /// `ldtokens audit` and `plan` only: for a pull request or the summary of a job
    Markdown,
    /// `ldtokens audit` only: metrics for the textfile collector
    Prometheus,
    /// `ldtokens audit` only: one page, without scripts
    Html,
}

impl Format {
    /// Whether the command has it.
    fn is_of(self, command: &str) -> bool {
        match self {
            Self::Table | Self::Json => true,
            Self::Yaml => command != "inventory",
            Self::Ndjson => !matches!(command, "inventory" | "plan"),
            Self::Csv => !matches!(command, "inventory" | "plan" | "rotate"),
            Self::Value => {
                const WITHOUT_COLUMNS: [&str; 9] =
                    ["audit", "config", "diff", "inventory", "plan", "revoke", "rotate", "verify", "whoami"];
                OperationSpec::find(command).is_none() && !WITHOUT_COLUMNS.contains(&command)
            }
            Self::Markdown => matches!(command, "audit" | "plan"),
            Self::Prometheus | Self::Html => command == "audit",
        }
    }

    /// The formats that a command has.
    pub(crate) fn values_of(command: &str) -> PossibleValuesParser {
        let formats = Self::value_variants().iter().filter(|format| format.is_of(command));
        PossibleValuesParser::new(formats.filter_map(Self::to_possible_value))
    }

    /// The `--output` that was given, or else `LD_OUTPUT`, or else the `usual` one. The command must have it.
    pub(crate) fn asked(output: Option<Self>, usual: Self, command: &str) -> Result<Self, Failure> {
        let format = match std::env::var(VARIABLE) {
            Ok(name) if output.is_none() => Self::named(&name).ok_or_else(|| {
                Failure::usage(format!(
                    "{VARIABLE} must be table, json, ndjson, yaml, csv, value, or ldcli's plaintext"
                ))
            })?,
            _ => output.unwrap_or(usual),
        };
        if format.is_of(command) {
            return Ok(format);
        }
        let name = |format: &Self| format!("{format:?}").to_lowercase();
        let names: Vec<_> = Self::value_variants().iter().filter(|known| known.is_of(command)).map(name).collect();
        let hint = match format {
            Self::Value => "; `ldtokens get` and `list` print one field, with --columns",
            Self::Markdown | Self::Prometheus | Self::Html => "; `ldtokens audit` has it",
            _ => "",
        };
        let (given, has) = (name(&format), names.join(", "));
        Err(Failure::usage(format!("`ldtokens {command}` has no --output {given}{hint}; it has {has}")))
    }

    fn named(name: &str) -> Option<Self> {
        let name = if matches!(name, "" | "plaintext") { "table" } else { name };
        Self::from_str(name, false).ok()
    }

    /// Whether the arguments or the environment ask for JSON errors. Works also if the arguments are invalid.
    pub(crate) fn asks_for_json_errors(words: &[&str]) -> bool {
        let asked = words.iter().enumerate().find_map(|(at, word)| match value_of_output(word)? {
            "" => words.get(at + 1).copied(),
            value => Some(value),
        });
        let asked = asked.map(str::to_owned).or_else(|| std::env::var(VARIABLE).ok());
        let asked = asked.and_then(|name| Self::named(&name));
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
            (&["list"], false),
        ] {
            assert_eq!(Format::asks_for_json_errors(words), asked, "{words:?}");
        }
    }
}
