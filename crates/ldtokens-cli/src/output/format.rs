//! In what form answers are printed.

use std::borrow::Cow;
use std::io::IsTerminal;

use clap::builder::PossibleValue;
use clap::parser::ValueSource;
use clap::{ArgMatches, ValueEnum};

use crate::failure::Failure;

/// `ldcli`'s variable for the output's form.
const VARIABLE: &str = "LD_OUTPUT";

/// How to print an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Format {
    Table,
    Json,
    Ndjson,
    Yaml,
    Csv,
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Table, Self::Json, Self::Ndjson, Self::Yaml, Self::Csv]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Table => ("table", "for people: a line a token, or a line a property of one"),
            Self::Json => ("json", "JSON, with the API's own names"),
            Self::Ndjson => ("ndjson", "a JSON object a line"),
            Self::Yaml => ("yaml", "YAML, with the API's own names"),
            Self::Csv => ("csv", "comma-separated values (RFC 4180)"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

impl Format {
    /// What `--output` says, or else `LD_OUTPUT`, or else a table.
    pub(crate) fn asked(arguments: &ArgMatches) -> Result<Self, Failure> {
        let given = arguments.get_one("output").copied().unwrap_or(Self::Table);
        if arguments.value_source("output") != Some(ValueSource::DefaultValue) {
            return Ok(given);
        }
        match std::env::var(VARIABLE) {
            Err(_) => Ok(given),
            Ok(name) => Self::named(&name).ok_or_else(|| {
                Failure::usage(format!("{VARIABLE} is none of table, json, ndjson, yaml, csv and ldcli's plaintext"))
            }),
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "" | "plaintext" => Some(Self::Table),
            name => <Self as ValueEnum>::from_str(name, false).ok(),
        }
    }

    /// Whether errors are JSON where answers have this form.
    pub(crate) fn has_json_errors(self) -> bool {
        matches!(self, Self::Json | Self::Ndjson)
    }

    /// Whether errors are to be JSON: asked for by `words`, also where they can't be parsed, or by the environment.
    pub(crate) fn asks_for_json_errors(words: &[Cow<'_, str>]) -> bool {
        let asked = words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("--output")? {
            "" => words.get(at + 1).map(|word| word.clone().into_owned()),
            value => value.strip_prefix('=').map(str::to_owned),
        });
        let asked = asked.or_else(|| std::env::var(VARIABLE).ok());
        asked.and_then(|name| Self::named(&name)).is_some_and(Self::has_json_errors)
    }
}

/// How many columns of text the terminal has, if standard output is one.
pub(crate) fn terminal_width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    Some(terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0)))
}
