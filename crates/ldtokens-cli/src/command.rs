//! What can be typed, and the help that teaches it.

use std::fmt::Write;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Arg, Command, value_parser};
use ldtokens_server::Fault;

use crate::logging::Log;
use crate::operations::{Kind, OPERATIONS, Operation, Parameter};
use crate::output::Format;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER_HELP: &str = "\
The credential is the secret of an access token, in LD_ACCESS_TOKEN or LAUNCHDARKLY_ACCESS_TOKEN; it is never an
argument. RUST_LOG=debug shows each request on standard error, without secrets.

Examples:
  ldtokens demo
  ldtokens getTokens showAll=true --output json
  ldtokens postToken name==Export role==reader serviceToken:=true
  echo '[{\"op\": \"replace\", \"path\": \"/name\", \"value\": \"Export\"}]' | ldtokens patchToken tokenId=ID -
  ldtokens serve --listen 127.0.0.1:8765 --store ld.db

Exit status: 0 done; 1 another failure; 2 usage; 3 not authenticated; 4 forbidden; 5 not found; 6 conflict, or a patch
that does not apply; 7 rate limited; 8 outcome unknown; 9 no connection or no answer.";

pub(crate) fn command() -> Command {
    let operations = OPERATIONS.iter().map(operation);
    Command::new("ldtokens")
        .about("LaunchDarkly access tokens from a shell and in CI")
        .version(env!("CARGO_PKG_VERSION"))
        .styles(STYLES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help(AFTER_HELP)
        .subcommands(operations)
        .subcommand(serve())
        .subcommand(
            Command::new("demo")
                .about("Watch a token's whole life, against a local LaunchDarkly that this command starts and stops"),
        )
}

fn operation(operation: &'static Operation) -> Command {
    let words = Arg::new("words")
        .value_name("NAME=VALUE")
        .num_args(0..)
        .allow_hyphen_values(false)
        .help("Parameters; and the body, as NAME==TEXT, NAME:=JSON, or - for JSON on standard input");
    Command::new(operation.id)
        .about(operation.summary)
        .long_about(format!("{}\n\n{} {}", operation.description, operation.method, operation.path))
        .arg(words)
        .arg(host())
        .arg(
            Arg::new("output")
                .long("output")
                .value_name("FORMAT")
                .value_parser(value_parser!(Format))
                .default_value("table")
                .help("How to print the answer: table, or json with the API's own names"),
        )
        .after_help(parameters(operation))
}

fn host() -> Arg {
    Arg::new("host").long("host").value_name("URL").help(
        "Where the API is, with or without /api/v2 [default: LD_BASE_URI, LAUNCHDARKLY_API_HOST, or \
         https://app.launchdarkly.com]",
    )
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
    let mut list = |title: &str, parameters: &[Parameter], sign: fn(&Parameter) -> &'static str| {
        if !parameters.is_empty() {
            let _ = writeln!(text, "{title}");
        }
        for parameter in parameters {
            let must = if parameter.required { ", required" } else { "" };
            let (name, sign, kind) = (parameter.name, sign(parameter), kind(parameter.kind));
            let _ = writeln!(text, "  {name}{sign}  ({kind}{must})\n      {}", parameter.description);
        }
    };
    list("Parameters:", operation.parameters, |_| "=");
    if let Some(body) = &operation.body {
        list("Body:", body.properties, |property| if is_text(property.kind) { "==" } else { ":=" });
        let _ = writeln!(text, "A body on standard input, with -, is JSON like\n  {}", body.example);
    }
    let example: Vec<String> = operation
        .parameters
        .iter()
        .map(|parameter| format!(" {}={}", parameter.name, parameter.example.trim_matches('"')))
        .collect();
    let stdin = operation.body.as_ref().map_or("", |_| " -");
    let _ = write!(text, "Example:\n  ldtokens {}{}{stdin}", operation.id, example.concat());
    text
}

pub(crate) fn is_text(kind: Kind) -> bool {
    matches!(kind, Kind::Text | Kind::OneOf(_))
}

pub(crate) fn kind(kind: Kind) -> String {
    match kind {
        Kind::Boolean => "true or false".to_owned(),
        Kind::Integer { minimum: i64::MIN } => "a whole number".to_owned(),
        Kind::Integer { minimum } => format!("a whole number, at least {minimum}"),
        Kind::Text => "text".to_owned(),
        Kind::OneOf(values) => format!("one of {}", values.join(", ")),
        Kind::Json => "JSON".to_owned(),
    }
}
