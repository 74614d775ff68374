//! What can be typed, and the help that teaches it.

use std::ffi::OsString;
use std::fmt::Write;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Arg, ArgAction, Command, value_parser};
use ldtokens_server::Fault;

use crate::arguments::{everywhere, hidden, secret_to};
use crate::failure::Kind;
use crate::logging::Log;
use crate::operations::{OPERATIONS, Operation, Parameter};
use crate::perform::gives_secret;
use crate::{config, shell, verbs};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const ABOUT: &str = "LaunchDarkly access tokens from a shell and in CI";

const AFTER_HELP: &str = "\
Verbs are for people; the operations beneath them have the API's own names, and take parameters as NAME=VALUE and a body as
NAME==TEXT, NAME:=JSON or - for standard input. `ldtokens COMMAND --help` teaches each.

The credential is the secret of an access token, in LD_ACCESS_TOKEN or LAUNCHDARKLY_ACCESS_TOKEN; it is never an argument.
`ldtokens config` says which account applies, and why.

Examples:
  ldtokens demo
  ldtokens --local create --name Export --role reader
  ldtokens list --show-all --filter 'lastUsed<90d' --sort lastUsed
  ldtokens reset Export --expires-in 24h --secret-to export.secret
  ldtokens getTokens showAll=true --output json
  ldtokens serve --listen 127.0.0.1:8765 --store ld.db";

/// What an operation takes comes before what all commands take.
const OPERATION_HELP: &str = "{about-with-newline}\n{usage-heading} {usage}{after-help}\n\n{all-args}";

/// What `--about` prints.
pub(crate) const ABOUT_TEXT: &str = concat!(
    "ldtokens ",
    env!("CARGO_PKG_VERSION"),
    "\n\nLaunchDarkly access tokens from a shell and in CI, over LaunchDarkly's REST API, version 2.\n\
     It takes the place of the vendor's Bash client for these operations, with the same words.\n\n\
     Licence: ",
    env!("CARGO_PKG_LICENSE")
);

/// The program's arguments, with what the Bash client wrote with one dash and two letters.
pub(crate) fn words() -> impl Iterator<Item = OsString> {
    std::env::args_os().map(|word| match word.to_str() {
        Some("-nc") => "--no-color".into(),
        Some("-ac") => "--accept".into(),
        Some("-ct") => "--content-type".into(),
        _ => word,
    })
}

pub(crate) fn command() -> Command {
    let statuses = Kind::ALL.iter().filter(|(_, status, ..)| *status != 0);
    let statuses: Vec<_> = statuses.map(|(_, status, _, meaning)| format!("\n  {status:<4} {meaning}")).collect();
    Command::new("ldtokens")
        .about(ABOUT)
        .version(env!("CARGO_PKG_VERSION"))
        .styles(STYLES)
        .subcommand_value_name("COMMAND")
        .arg(Arg::new("about").long("about").action(ArgAction::SetTrue).help("Say what this program is"))
        .args(everywhere())
        .after_help(AFTER_HELP)
        .after_long_help(format!("{AFTER_HELP}\n\nExit status:\n  0    done{}", statuses.concat()))
        .subcommands(verbs::commands())
        .subcommands(OPERATIONS.iter().map(operation))
        .subcommand(config::command())
        .subcommands([shell::completions(), shell::man(), serve(), demo()].map(|command| command.args(hidden())))
}

fn demo() -> Command {
    Command::new("demo")
        .about("Watch a token's whole life, against a local LaunchDarkly that this command starts and stops")
}

fn operation(operation: &'static Operation) -> Command {
    let words = Arg::new("words").value_name("NAME=VALUE").num_args(0..).allow_hyphen_values(false).help(
        "Parameters; the body, as NAME==TEXT, NAME:=JSON, or - for JSON on standard input; and headers, as Name:value",
    );
    let command = Command::new(operation.id)
        .about(operation.summary)
        .long_about(format!("{}\n\n{} {}", operation.description, operation.method, operation.path))
        .arg(words)
        .help_template(OPERATION_HELP)
        .after_help(parameters(operation));
    if gives_secret(operation) { secret_to(command) } else { command }
}

fn serve() -> Command {
    let count = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("N").value_parser(value_parser!(u32)).help(help)
    };
    Command::new("serve")
        .about("Serve a local LaunchDarkly until it is interrupted")
        .long_about(
            "Serve a local LaunchDarkly until it is interrupted.\n\nThe first line on standard output says the URL, once it \
             answers. In a new store the owner's secret is what LDTOKENS_ROOT_TOKEN holds; without that, one is made and \
             shown once. The store keeps only hashes of secrets.",
        )
        .arg(
            Arg::new("listen")
                .long("listen")
                .value_name("ADDR")
                .default_value("127.0.0.1:0")
                .value_parser(value_parser!(std::net::SocketAddr))
                .help("The address and port to listen on; port 0 takes a free one"),
        )
        .arg(
            Arg::new("store")
                .long("store")
                .value_name("FILE")
                .value_parser(value_parser!(std::path::PathBuf))
                .help("Where to keep the account; made if it isn't there [default: in memory]"),
        )
        .arg(count("limit", "Answer so many requests in each ten seconds, and 429 beyond"))
        .arg(count("route-limit", "Answer so many requests to each operation in each ten seconds, and 429 beyond"))
        .arg(count("ip-limit", "Answer so many requests from each address in each ten seconds, and 429 with Retry-After beyond"))
        .arg(
            Arg::new("account")
                .long("account")
                .value_name("FILE")
                .value_parser(value_parser!(std::path::PathBuf))
                .help("Members, custom roles and tokens of a new store, as YAML or JSON [default: an owner, an admin, a writer and a reader]"),
        )
        .arg(
            Arg::new("account-schema")
                .long("account-schema")
                .action(clap::ArgAction::SetTrue)
                .help("Print the JSON Schema of --account's file, and end"),
        )
        .arg(count("seed-tokens", "Put so many more tokens into a new store, the same ones each time"))
        .arg(
            Arg::new("strict")
                .long("strict")
                .action(clap::ArgAction::SetTrue)
                .help("Refuse what LaunchDarkly refuses or may refuse, in place of a warning in the log")
                .long_help(
                    "Refuse what LaunchDarkly refuses or may refuse, in place of a warning in the log: a POST or PATCH \
                     without Content-Type: application/json (415), a custom role that the account does not have (400), and \
                     the reset of another member's personal token (403)",
                ),
        )
        .arg(
            Arg::new("fault")
                .long("fault")
                .value_name("FAULT")
                .action(clap::ArgAction::Append)
                .help("Make something go wrong, as in 'postToken status=503 times=3' or '* drop-after probability=0.1'")
                .long_help(format!("Make something go wrong: {}. May be given several times", Fault::FORM)),
        )
        .arg(
            Arg::new("fault-seed")
                .long("fault-seed")
                .value_name("N")
                .value_parser(value_parser!(u64))
                .help("What the dice of faults start from"),
        )
        .arg(
            Arg::new("log")
                .long("log")
                .value_name("FORMAT")
                .value_parser(value_parser!(Log))
                .default_value("text")
                .help("How to log requests on standard error: text, json with an object a line, or off")
                .long_help(
                    "How to log requests on standard error: text, json with an object a line, or off. RUST_LOG says what \
                     else is logged, or instead. No line holds a secret",
                ),
        )
        .arg(
            Arg::new("admin")
                .long("admin")
                .value_name("ADDR")
                .value_parser(value_parser!(std::net::SocketAddr))
                .help("Also listen here, on loopback, for GET, POST and DELETE of /faults, with a fault a line"),
        )
}

/// The operation's parameters and body, as the API's description has them.
fn parameters(operation: &Operation) -> String {
    let mut text = String::new();
    let mut list = |title: &str, words: Vec<(&Parameter, String)>| {
        if !words.is_empty() {
            let _ = writeln!(text, "{title}");
        }
        for (parameter, word) in words {
            let must = if parameter.required { ", required" } else { "" };
            let _ = writeln!(text, "  {word}  ({}{must})\n      {}", parameter.kind, parameter.description);
        }
    };
    list("Parameters:", operation.parameter_words().collect());
    list("Body:", operation.property_words().collect());
    if let Some(body) = &operation.body {
        let _ = writeln!(text, "A body on standard input, with -, is JSON like\n  {}", body.example);
    }
    let _ = writeln!(text, "{}Answers:", if text.is_empty() { "" } else { "\n" });
    for (status, meaning) in operation.answers {
        let _ = writeln!(text, "  {status}  {meaning}");
    }
    let example: Vec<String> = operation
        .parameters
        .iter()
        .map(|parameter| format!(" {}={}", parameter.name, parameter.example.trim_matches('"')))
        .collect();
    let stdin = operation.body.as_ref().map_or("", |_| " -");
    let _ = write!(text, "\nExample:\n  ldtokens {}{}{stdin}", operation.id, example.concat());
    text
}
