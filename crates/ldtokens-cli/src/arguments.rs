//! Flags that several commands have.

use std::ops::RangeBounds;
use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::terminal::failure::Failure;
use crate::terminal::output::field::Field;
use crate::terminal::output::format::Format;

const CONNECTION: &str = "Connection";
const OUTPUT: &str = "Output";

/// What the API speaks.
const JSON_TYPES: [&str; 2] = ["json", "application/json"];

const FOR_THE_BASH_CLIENT: &str = "Accepted for scripts of the Bash client; the API knows only JSON";

const WHEN: [&str; 3] = ["auto", "always", "never"];

/// Options of all commands are listed after a command's own, in one order everywhere.
const LAST: usize = 1000;

/// Those that are understood before a command and after it.
pub(crate) fn everywhere() -> [Arg; 13] {
    let value = |name: &'static str, value: &'static str| Arg::new(name).long(name).value_name(value).global(true);
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).global(true);
    let output = |order: usize, arg: Arg| arg.help_heading(OUTPUT).display_order(LAST + order);
    let connection = |order: usize, arg: Arg| arg.help_heading(CONNECTION).display_order(LAST + order);
    let hidden = |name: &'static str| value(name, "TYPE").hide(true).value_parser(JSON_TYPES).help(FOR_THE_BASH_CLIENT);
    [
        output(0, value("output", "FORMAT"))
            .short('o')
            .value_parser(value_parser!(Format))
            .default_value("table")
            .help("Output format; with json and ndjson, errors are JSON too [env: LD_OUTPUT]"),
        output(4, switch("dry-run")).help("Print the curl commands instead of running them"),
        output(5, value("color", "WHEN"))
            .value_parser(WHEN)
            .default_value("auto")
            .help("When to use colors [env: NO_COLOR]"),
        output(6, switch("no-color")).visible_alias("no-colors").help("Disable colors"),
        output(7, Arg::new("verbose").long("verbose").short('v').action(ArgAction::Count).global(true))
            .help("Show each request on standard error; -vv and -vvv also log what RUST_LOG can select. Never shows secrets"),
        connection(10, value("host", "URL").value_parser(some_text)).help(
            "The API's URL, with or without /api/v2 [env: LD_BASE_URI, LAUNCHDARKLY_API_HOST] [default: the profile's, or \
             https://app.launchdarkly.com]",
        ),
        connection(11, value("profile", "NAME").value_parser(some_text)).help("Use a profile of the configuration file [env: LDTOKENS_PROFILE]"),
        connection(12, switch("local")).help("Use a local LaunchDarkly that runs within this command and keeps its data in your data folder"),
        connection(13, value("token-file", "FILE"))
            .value_parser(some_path())
            .help("Read the credential from a file [default: LD_ACCESS_TOKEN or LAUNCHDARKLY_ACCESS_TOKEN]"),
        connection(14, value("token-command", "COMMAND"))
            .value_parser(some_text)
            .help("Read the credential from the output of a command, e.g. 'op read op://Work/LaunchDarkly/token'"),
        connection(15, switch("token-stdin")).help("Read the credential from standard input"),
        hidden("accept"),
        hidden("content-type"),
    ]
}

/// Refuses flags that say whom to speak to, for a command that speaks to nobody.
pub(crate) fn refuse_connection(name: &str, arguments: &ArgMatches) -> Result<(), Failure> {
    for flag in ["host", "profile", "token-file", "token-command", "local", "token-stdin", "dry-run"] {
        if arguments.value_source(flag) == Some(clap::parser::ValueSource::CommandLine) {
            return Err(Failure::usage(format!(
                "--{flag} has no meaning for `ldtokens {name}`, which uses no account"
            )));
        }
    }
    Ok(())
}

/// The same flags, for the help of a command that has little use for them to leave out.
pub(crate) fn hidden() -> impl Iterator<Item = Arg> {
    everywhere().into_iter().map(|arg| arg.hide(true))
}

/// What commands that print tokens have.
pub(crate) fn printing(command: Command) -> Command {
    command
        .arg(
            Arg::new("columns")
                .long("columns")
                .value_name("FIELDS")
                .value_parser(Field::list)
                .help_heading(OUTPUT)
                .display_order(LAST + 1)
                .help("Print only these fields, comma-separated, e.g. _id,name,_member.email"),
        )
        .arg(
            Arg::new("no-headers")
                .long("no-headers")
                .action(ArgAction::SetTrue)
                .help_heading(OUTPUT)
                .display_order(LAST + 2)
                .help("Print tables and CSV without the header line"),
        )
        .arg(quiet("Print only IDs, one per line"))
}

pub(crate) fn quiet(help: &'static str) -> Arg {
    Arg::new("quiet")
        .long("quiet")
        .short('q')
        .action(ArgAction::SetTrue)
        .help_heading(OUTPUT)
        .display_order(LAST + 3)
        .help(help)
}

pub(crate) fn yes() -> Arg {
    Arg::new("yes").long("yes").short('y').action(ArgAction::SetTrue).help("Do not ask for confirmation")
}

/// Text that says something. Nothing is not the same as nothing given.
pub(crate) fn some_text(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("it is empty".to_owned()) } else { Ok(text.to_owned()) }
}

/// A description, of which an update may take the old one away.
pub(crate) fn some_description(text: &str) -> Result<String, String> {
    some_text(text).map_err(|reason| format!("{reason}; to have none, leave it out, or update with --no-description"))
}

/// A path that is one.
pub(crate) fn some_path() -> impl TypedValueParser<Value = PathBuf> {
    clap::builder::PathBufValueParser::new()
        .try_map(|path| if path.as_os_str().is_empty() { Err("it is empty") } else { Ok(path) })
}

/// A whole number within `range`.
pub(crate) fn whole_number<N>(
    range: impl RangeBounds<u64> + Clone + Send + Sync + 'static,
) -> impl TypedValueParser<Value = N>
where
    N: TryFrom<u64> + Clone + Send + Sync + 'static,
{
    let least = if range.contains(&0) { 0 } else { 1 };
    clap::builder::StringValueParser::new().try_map(move |text| {
        let number = text.parse::<u64>().ok().filter(|number| range.contains(number));
        number
            .and_then(|number| N::try_from(number).ok())
            .ok_or_else(|| format!("expected a whole number, at least {least}"))
    })
}

/// Where a new secret goes.
pub(crate) fn secret_to(command: Command) -> Command {
    command
        .arg(
            Arg::new("secret-to")
                .long("secret-to")
                .value_name("FILE")
                .value_parser(some_path())
                .allow_hyphen_values(true)
                .conflicts_with("secret-to-command")
                .help("Write the new secret to a new file that only you can read; - for standard output")
                .long_help(
                    "Write the new secret, without a newline, to a new file that only you can read; - for standard output. An \
                     existing file is never overwritten, and disk space is reserved before the request is sent. With several \
                     tokens, {id} in the name is replaced by each token's ID.",
                ),
        )
        .arg(
            Arg::new("secret-to-command")
                .long("secret-to-command")
                .value_name("COMMAND")
                .value_parser(some_text)
                .help("Pipe the new secret to a command, e.g. 'vault kv put secret/ld token=-'")
                .long_help(
                    "Pipe the new secret, without a newline, to a command, e.g. 'vault kv put secret/ld token=-'. The command \
                     runs in a shell once per token, with the token's ID in LDTOKENS_TOKEN_ID and without the credential in \
                     its environment.",
                ),
        )
}
