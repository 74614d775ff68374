//! What can be typed, and the help that teaches it.

#[cfg(test)]
mod documented;

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Write;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Arg, ArgAction, Command, value_parser};
use ldtokens_server::Fault;

use crate::account::environment;
use crate::arguments::{everywhere, hidden, secret_to, whole_number};
use crate::operations::parameter::ArgumentWords as _;
use crate::operations::perform::gives_secret;
use crate::shell;
use crate::terminal::failure::Kind;
use crate::terminal::logging::Log;
use crate::verbs::{self, config, login};
use ldtokens_client::operations::{OPERATIONS, OperationSpec, ParameterSpec};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const ABOUT: &str = "Manage LaunchDarkly access tokens from a shell and in CI";

const AFTER_HELP: &str = "\
list to whoami are verbs for everyday use. getTokens to resetToken are the API's operations under their own names: they take \
parameters as NAME=VALUE and a body as NAME==TEXT, NAME:=JSON, or - for standard input. See `ldtokens COMMAND --help`.

The credential is the secret of an access token, in LD_ACCESS_TOKEN or LAUNCHDARKLY_ACCESS_TOKEN. It is never an argument. \
`ldtokens config` shows the active account.

Examples:
  ldtokens demo
  ldtokens --local create --name Export --role reader
  ldtokens list --show-all --unused-for 90d --sort lastUsed
  ldtokens get Export -o json
  ldtokens reset Export --expires-in 24h --secret-to export.secret
  ldtokens list -a -q -f name~test- | ldtokens delete - --yes
  ldtokens getTokens showAll=true --output json
  ldtokens serve --port 8765 --store ld.db";

/// What an operation takes comes before what all commands take.
const OPERATION_HELP: &str = "{about-with-newline}\n{usage-heading} {usage}{after-help}\n\n{all-args}";

/// What `--about` prints.
pub(crate) const ABOUT_TEXT: &str = concat!(
    "ldtokens ",
    env!("CARGO_PKG_VERSION"),
    "\n\nManages LaunchDarkly access tokens over LaunchDarkly's REST API, version 2.\n\
     Replaces the vendor's Bash client for these operations, with the same arguments.\n\n\
     License: ",
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
    let statuses: String = statuses.map(|(_, status, _, meaning)| format!("\n  {status:<4} {meaning}")).collect();
    let after_help = format!("{AFTER_HELP}\n\nExit status:\n  0    success{statuses}");
    Command::new("ldtokens")
        .about(ABOUT)
        .version(env!("CARGO_PKG_VERSION"))
        .styles(STYLES)
        .subcommand_value_name("COMMAND")
        .arg(Arg::new("about").long("about").action(ArgAction::SetTrue).help("Print what this program is"))
        .args(everywhere())
        .after_long_help(format!("{after_help}\n\nEnvironment:{}", environment::help()))
        .after_help(after_help)
        .subcommands(verbs::commands())
        .subcommands(OPERATIONS.iter().map(operation))
        .subcommands([config::command(), login::command()])
        .subcommands([shell::completions(), shell::man(), serve(), demo()].map(|command| command.args(hidden())))
}

fn demo() -> Command {
    Command::new("demo").about("Show a token's life cycle on a temporary local LaunchDarkly")
}

fn operation(operation: &'static OperationSpec) -> Command {
    let words =
        Arg::new("words").value_name("NAME=VALUE").num_args(0..).allow_hyphen_values(false).help(
            "Parameters; the body as NAME==TEXT, NAME:=JSON, or - for JSON on standard input; headers as Name:value",
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
        Arg::new(name).long(name).value_name("N").value_parser(whole_number::<u32>(0..)).help(help)
    };
    Command::new("serve")
        .about("Run a local LaunchDarkly server until interrupted")
        .long_about(
            "Run a local LaunchDarkly until interrupted.\n\nThe first line on standard output is the URL, printed once the server \
             is ready. A new store takes the owner's secret from LDTOKENS_ROOT_TOKEN; without it, one is created and shown \
             once. The store keeps only hashes of secrets.",
        )
        .arg(
            Arg::new("listen")
                .long("listen")
                .value_name("ADDR")
                .default_value("127.0.0.1:0")
                .value_parser(value_parser!(std::net::SocketAddr))
                .help("Listen on this address and port; port 0 picks a free one"),
        )
        .arg(
            Arg::new("port")
                .long("port")
                .short('p')
                .value_name("PORT")
                .conflicts_with("listen")
                .value_parser(value_parser!(u16))
                .help("Listen on this port of 127.0.0.1"),
        )
        .arg(
            Arg::new("allow-host")
                .long("allow-host")
                .value_name("NAME")
                .action(clap::ArgAction::Append)
                .help("Answer requests for this host name too [default: localhost and the address of --listen]"),
        )
        .arg(
            Arg::new("store")
                .long("store")
                .value_name("FILE")
                .value_parser(value_parser!(std::path::PathBuf))
                .help("Keep the account in this file; created if missing [default: in memory]"),
        )
        .arg(count("limit", "Allow N requests per ten seconds, then answer 429"))
        .arg(count("route-limit", "Allow N requests per operation and ten seconds, then answer 429"))
        .arg(count("ip-limit", "Allow N requests per client address and ten seconds, then answer 429 with Retry-After"))
        .arg(
            Arg::new("account")
                .long("account")
                .value_name("FILE")
                .value_parser(value_parser!(std::path::PathBuf))
                .help("Fill a new store with the members, custom roles and tokens of a YAML or JSON file [default: an owner, an admin, a writer and a reader]"),
        )
        .arg(
            Arg::new("account-schema")
                .long("account-schema")
                .action(clap::ArgAction::SetTrue)
                .help("Print the JSON Schema of the --account file and exit"),
        )
        .arg(count("seed-tokens", "Add N tokens to a new store, the same ones each time"))
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
                .help("Simulate a failure, e.g. 'postToken status=503 times=3' or '* drop-after probability=0.1'")
                .long_help(format!("Simulate a failure: {}. Can be repeated", Fault::FORM)),
        )
        .arg(
            Arg::new("fault-seed")
                .long("fault-seed")
                .value_name("N")
                .value_parser(whole_number::<u64>(0..))
                .help("Seed for the random choices of faults"),
        )
        .arg(
            Arg::new("log")
                .long("log")
                .value_name("FORMAT")
                .value_parser(value_parser!(Log))
                .default_value("text")
                .help("Format of the request log on standard error; json is one object per line")
                .long_help(
                    "Format of the request log on standard error; json is one object per line. RUST_LOG replaces what is \
                     logged, except with off. Secrets are never logged",
                ),
        )
        .arg(
            Arg::new("admin")
                .long("admin")
                .value_name("ADDR")
                .value_parser(value_parser!(std::net::SocketAddr))
                .help("Also listen on this loopback address for GET, POST and DELETE of /faults, one fault per line"),
        )
}

/// The operation's parameters and body, as the API's description has them.
fn parameters(operation: &OperationSpec) -> String {
    let mut text = String::new();
    let mut list = |title: &str, words: Vec<(&ParameterSpec, String)>| {
        if !words.is_empty() {
            let _ = writeln!(text, "{title}");
        }
        for (parameter, word) in words {
            let must = if parameter.required { ", required" } else { "" };
            let _ = writeln!(text, "  {word}  ({}{must})\n      {}", parameter.value_type, parameter.description);
        }
    };
    list("Parameters:", operation.parameter_words().collect());
    list("Body:", operation.property_words().collect());
    if let Some(body) = &operation.body {
        let _ = writeln!(text, "A body on standard input, with -, is JSON like\n  {}", body.example);
    }
    let _ = writeln!(text, "{}Answers:", if text.is_empty() { "" } else { "\n" });
    for (status, meaning) in operation.responses {
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

/// The colors that the words ask for, if they do. The last word wins.
pub(crate) fn color(words: &[Cow<'_, str>]) -> Option<anstream::ColorChoice> {
    let words = words.iter().position(|word| word == "--").map_or(words, |end| &words[..end]);
    let choice = |value: &str| match value {
        "always" => Some(anstream::ColorChoice::Always),
        "never" => Some(anstream::ColorChoice::Never),
        "auto" => Some(anstream::ColorChoice::Auto),
        _ => None,
    };
    let mut choices = words.iter().enumerate().filter_map(|(at, word)| match word.strip_prefix("--") {
        Some("no-color" | "no-colors") => choice("never"),
        Some("color") => choice(words.get(at + 1)?),
        Some(word) => choice(word.strip_prefix("color=")?),
        None => None,
    });
    choices.next_back()
}
