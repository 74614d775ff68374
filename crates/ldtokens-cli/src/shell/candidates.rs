//! The candidates for completion, from the same tables that the parser uses.

use std::ffi::OsStr;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use super::bash::Line;
use super::tokens;
use crate::account::{ConfigFile, Profile};
use crate::operations::input::{parameter_words, property_words};
use crate::terminal::{Field, Format};
use crate::verbs::filter;
use ldtokens_operations::OperationSpec;

/// Adds completion of values to the built command, for this line. `whole` makes the command that parses a whole line.
pub(super) fn with_candidates(command: Command, line: &'static Line, whole: fn() -> Command) -> Command {
    let name = command.get_name().to_owned();
    let of_subcommands = |command| with_candidates(command, line, whole);
    command.mut_args(|arg| of_argument(arg, &name, line, whole)).mut_subcommands(of_subcommands)
}

fn of_argument(arg: Arg, command: &str, line: &'static Line, whole: fn() -> Command) -> Arg {
    // Before anything is typed, flags are hidden, since there are many. They are shown if there are no other candidates.
    let arg = if line.current.is_empty() { arg.hide(true) } else { arg };
    let completer = match (arg.get_id().as_str(), OperationSpec::find(command)) {
        ("words", Some(operation)) => of_text(move |word| words(operation, line, whole, word)),
        ("tokens", _) => of_text(move |word| tokens::candidates(line, whole, word, !word.is_empty())),
        ("columns", _) => of_text(columns),
        ("filter" | "all_matching", _) => of_text(filters),
        ("sort", _) => of_text(orders),
        ("profile" | "profile_name", _) => of_text(profiles),
        ("output", _) => return arg.value_parser(Format::values_of(command)),
        _ => return arg,
    };
    arg.add(completer)
}

fn of_text(candidates: impl Fn(&str) -> Vec<CompletionCandidate> + Send + Sync + 'static) -> ArgValueCompleter {
    ArgValueCompleter::new(move |word: &OsStr| word.to_str().map(&candidates).unwrap_or_default())
}

fn candidate(value: impl Into<std::ffi::OsString>, help: impl Into<String>) -> CompletionCandidate {
    CompletionCandidate::new(value).help(Some(help.into().into()))
}

/// Parameters and body properties, and their values.
fn words(operation: &OperationSpec, line: &Line, whole: fn() -> Command, word: &str) -> Vec<CompletionCandidate> {
    let known = parameter_words(operation).chain(property_words(operation));
    let is_given = |beginning: &String| line.before.iter().any(|word| word.starts_with(beginning));
    let known: Vec<_> = known.filter(|(_, beginning)| !is_given(beginning)).collect();

    if let Some((parameter, beginning)) = known.iter().find(|(_, beginning)| word.starts_with(beginning)) {
        let value = &word[beginning.len()..];
        let values = match operation.is_in_path(parameter.name) {
            true => tokens::candidates(line, whole, value, false),
            false => parameter.value_type.values().iter().map(CompletionCandidate::new).collect(),
        };
        let values = values.into_iter().filter(|known| starts_with(known, value));
        return values.map(|value| value.add_prefix(beginning.as_str())).collect();
    }
    let names = known.iter().filter(|(_, beginning)| beginning.starts_with(word));
    let mut candidates: Vec<_> = names
        .map(|(parameter, beginning)| {
            candidate(beginning, format!("{}: {}", parameter.value_type, parameter.description))
        })
        .collect();
    let has_body = line.before.iter().any(|word| word == "-" || word.contains("==") || word.contains(":="));
    if let (Some(body), true, false) = (&operation.body, "-".starts_with(word), has_body) {
        candidates.push(candidate("-", format!("the body from standard input, as JSON like {}", body.example)));
    }
    candidates
}

/// The fields whose names start with `word`. Nested fields are shown only after the outer field is typed.
fn fields(word: &str) -> Vec<(String, &'static str)> {
    let is_shown = |name: &str| word.contains('.') || name.split_once('.').is_none_or(|(property, _)| property == word);
    Field::described().filter(|(name, _)| name.starts_with(word) && is_shown(name)).collect()
}

/// Candidates for the last field of a list.
fn columns(list: &str) -> Vec<CompletionCandidate> {
    let (before, word) = list.rfind(',').map_or(("", list), |comma| list.split_at(comma + 1));
    let is_given = |name: &str| before.split(',').any(|given| given.trim() == name);
    let fields = fields(word).into_iter().filter(|(name, _)| !is_given(name));
    fields.map(|(name, help)| candidate(format!("{before}{name}"), help)).collect()
}

/// Candidates for a filter: fields; then, for one field, operators; then its values.
fn filters(condition: &str) -> Vec<CompletionCandidate> {
    if let Ok((field, sign, value)) = filter::split(condition) {
        let Ok(field) = Field::new(field) else { return Vec::new() };
        let values = field.values().iter().filter(|known| known.starts_with(value));
        let conditions = values.map(|known| CompletionCandidate::new(format!("{}{sign}{known}", field.name())));
        return conditions.filter(|known| starts_with(known, condition)).collect();
    }
    let name = condition.trim_end_matches('!');
    let fields = fields(name);
    let (whole, others): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(field, _)| field == name);
    match (&whole[..], &others[..]) {
        ([(name, _)], _) | ([], [(name, _)]) => {
            let Ok(field) = Field::new(name) else { return Vec::new() };
            let signs = filter::signs(&field).map(|(sign, meaning)| candidate(format!("{name}{sign}"), meaning));
            let within = others.iter().filter(|(other, _)| other != name).map(|(name, help)| candidate(name, *help));
            signs.chain(within).filter(|known| starts_with(known, condition)).collect()
        }
        _ if name == condition => others.into_iter().map(|(name, help)| candidate(name, help)).collect(),
        _ => Vec::new(),
    }
}

fn starts_with(candidate: &CompletionCandidate, word: &str) -> bool {
    candidate.get_value().to_str().is_some_and(|value| value.starts_with(word))
}

fn orders(order: &str) -> Vec<CompletionCandidate> {
    let (sign, word) = order.strip_prefix('-').map_or(("", order), |word| ("-", word));
    fields(word).into_iter().map(|(name, help)| candidate(format!("{sign}{name}"), help)).collect()
}

fn profiles(word: &str) -> Vec<CompletionCandidate> {
    let Ok(config) = ConfigFile::read() else { return Vec::new() };
    let profiles = config.profiles.iter().filter(|(name, _)| name.starts_with(word));
    let account = |profile: &Profile| if profile.local { "the local LaunchDarkly".to_owned() } else { profile.url() };
    profiles.map(|(name, profile)| candidate(name, account(profile))).collect()
}
