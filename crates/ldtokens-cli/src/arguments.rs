//! Flags that several commands have.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::failure::Failure;
use crate::output::field::Field;
use crate::output::format::Format;

const CONNECTION: &str = "Connection";
const OUTPUT: &str = "Output";

/// What the API speaks.
const JSON_TYPES: [&str; 2] = ["json", "application/json"];

const FOR_THE_BASH_CLIENT: &str = "Taken since the Bash client takes it; the API speaks JSON alone";

/// Those that are understood before a command and after it.
pub(crate) fn everywhere() -> [Arg; 12] {
    let connection = |name: &'static str, value: &'static str| {
        Arg::new(name).long(name).value_name(value).global(true).help_heading(CONNECTION)
    };
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).global(true);
    [
        connection("host", "URL").help(
            "Where the API is, with or without /api/v2 [default: the profile's, LD_BASE_URI, LAUNCHDARKLY_API_HOST, or \
             https://app.launchdarkly.com]",
        ),
        connection("profile", "NAME").help("A profile of the configuration file [env: LDTOKENS_PROFILE]"),
        switch("local")
            .help_heading(CONNECTION)
            .help("Speak to a local LaunchDarkly within this command, whose account stays in your data folder"),
        connection("token-file", "FILE")
            .value_parser(value_parser!(PathBuf))
            .help("Take the credential from a file that only you can read [default: LD_ACCESS_TOKEN or LAUNCHDARKLY_ACCESS_TOKEN]"),
        connection("token-command", "COMMAND")
            .help("Take the credential from what a command prints, as in 'op read op://Work/LaunchDarkly/token'"),
        switch("token-stdin").help_heading(CONNECTION).help("Take the credential from standard input"),
        switch("dry-run")
            .help_heading(OUTPUT)
            .help("Print the curl commands of what would change something (of an operation: of any request), and send none"),
        connection("output", "FORMAT")
            .short('o')
            .help_heading(OUTPUT)
            .value_parser(value_parser!(Format))
            .default_value("table")
            .help("How to print answers [env: LD_OUTPUT]. With json, errors are JSON too"),
        switch("no-color")
            .visible_alias("no-colors")
            .help_heading(OUTPUT)
            .help("No colours on a terminal either [env: NO_COLOR]"),
        connection("accept", "TYPE").hide(true).value_parser(JSON_TYPES).help(FOR_THE_BASH_CLIENT),
        connection("content-type", "TYPE").hide(true).value_parser(JSON_TYPES).help(FOR_THE_BASH_CLIENT),
        Arg::new("verbose")
            .long("verbose")
            .short('v')
            .action(ArgAction::Count)
            .global(true)
            .help_heading(OUTPUT)
            .help("Show each request on standard error, without secrets; -vv and -vvv show more [env: RUST_LOG]"),
    ]
}

/// Refuses flags that say whom to speak to, for a command that speaks to nobody.
pub(crate) fn refuse_connection(name: &str, arguments: &ArgMatches) -> Result<(), Failure> {
    for flag in ["host", "profile", "token-file", "token-command", "local", "token-stdin", "dry-run"] {
        if arguments.value_source(flag) == Some(clap::parser::ValueSource::CommandLine) {
            return Err(Failure::usage(format!("`ldtokens {name}` speaks to no account, so it takes no --{flag}")));
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
                .help("Print only these fields, comma-separated, e.g. _id,name,_member.email"),
        )
        .arg(
            Arg::new("no-headers")
                .long("no-headers")
                .action(ArgAction::SetTrue)
                .help_heading(OUTPUT)
                .help("Print tables and CSV without the header line"),
        )
        .arg(quiet("Print only IDs, one per line"))
}

pub(crate) fn quiet(help: &'static str) -> Arg {
    Arg::new("quiet").long("quiet").short('q').action(ArgAction::SetTrue).help_heading(OUTPUT).help(help)
}

pub(crate) fn yes() -> Arg {
    Arg::new("yes").long("yes").short('y').action(ArgAction::SetTrue).help("Don't ask")
}

/// Where a new secret goes.
pub(crate) fn secret_to(command: Command) -> Command {
    command
        .arg(
            Arg::new("secret-to")
                .long("secret-to")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .conflicts_with("secret-to-command")
                .help("Write the new secret, alone, to a new file that only you can read; - for standard output")
                .long_help(
                    "Write the new secret, alone and without a line end, to a new file that only you can read; - for \
                     standard output. A file that is there is never overwritten, and room on the disk is made sure of \
                     before the request. For several tokens {id} in the name stands for each one's ID.",
                ),
        )
        .arg(
            Arg::new("secret-to-command")
                .long("secret-to-command")
                .value_name("COMMAND")
                .help("Write the new secret to the standard input of a command, as in 'vault kv put secret/ld token=-'")
                .long_help(
                    "Write the new secret, alone and without a line end, to the standard input of a command, as in 'vault kv \
                     put secret/ld token=-'. It runs in a shell once for each token, with its ID in LDTOKENS_TOKEN_ID, and \
                     without the credential in its environment.",
                ),
        )
}
