//! The commands and their help.

#[cfg(test)]
#[path = "../tests/unit/documented.rs"]
mod documented;
mod tips;

use std::ffi::OsString;
use std::fmt::Write;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgMatches, Args as _, Command, CommandFactory, Parser, Subcommand, ValueEnum as _};
use ldtokens_operations::{OPERATIONS, OperationSpec, ParameterSpec};

use crate::account::ROOT_TOKEN;
use crate::arguments::{GlobalArgs, SecretArgs};
use crate::moment;
use crate::operations::input::{parameter_words, property_words};
use crate::operations::{OperationArgs, gives_secret};
use crate::shell;
use crate::terminal::{Field, Kind};
use crate::verbs::{
    as_code, audit, config, create, filter, inventory, list, login, reset, revoke, rotate, serve, undo, update, verify,
};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER_HELP: &str = "\
list to apply are commands for everyday use. getTokens to resetToken are the API's operations under their own names: they take \
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

/// The environment variables that the command reads: names and meanings.
const VARIABLES: [(&str, &str); 12] = [
    (
        "LD_ACCESS_TOKEN, LAUNCHDARKLY_ACCESS_TOKEN",
        "The credential: the secret of an access token. The first one that is set is used.",
    ),
    ("LD_BASE_URI, LAUNCHDARKLY_API_HOST", "The API's URL, like --host."),
    ("LDTOKENS_PROFILE", "The profile of the configuration file to use, like --profile."),
    ("LDTOKENS_CONFIG", "The configuration file, in place of the usual one. `ldtokens config` prints which is used."),
    ("LD_OUTPUT", "The output format, like --output."),
    ("NO_COLOR", "If set and not empty, disables colors."),
    (
        "RUST_LOG",
        "What to log on standard error, e.g. debug or ldtokens=debug. Replaces what -vv, -vvv and `serve` log, except with \
         --log off. Does not change the requests that -v shows.",
    ),
    ("HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY", "The proxy for requests, and the hosts to reach without it."),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "Certificates of authorities to trust, in place of the system's."),
    ("CREDENTIALS_DIRECTORY", "Set by systemd; the credential is read from the file ldtokens in it."),
    (ROOT_TOKEN, "The owner's secret for a new store of `ldtokens serve`."),
    ("LDTOKENS_TOKEN_ID", "Set for the command of --secret-to-command: the ID of the token whose secret it reads."),
];

/// The commands that use no account.
pub(crate) const WITHOUT_ACCOUNT: [&str; 5] = ["diff", "completions", "man", "serve", "demo"];

/// Shows an operation's own arguments before the global options.
const OPERATION_HELP: &str = "{about-with-newline}\n{usage-heading} {usage}{after-help}\n\n{all-args}";

/// The text of `--about`.
pub(crate) const ABOUT_TEXT: &str = concat!(
    "ldtokens ",
    env!("CARGO_PKG_VERSION"),
    "\n\nManages LaunchDarkly access tokens over LaunchDarkly's REST API, version 2.\n\
     Replaces the vendor's Bash client for these operations, with the same arguments.\n\n\
     License: ",
    env!("CARGO_PKG_LICENSE")
);

/// The program's arguments, with the Bash client's short options of two letters replaced.
pub(crate) fn words() -> impl Iterator<Item = OsString> {
    std::env::args_os().map(|word| match word.to_str() {
        Some("-nc") => "--no-color".into(),
        Some("-ac") => "--accept".into(),
        Some("-ct") => "--content-type".into(),
        _ => word,
    })
}

/// Manage LaunchDarkly access tokens from a shell and in CI
#[derive(Debug, Parser)]
#[command(name = "ldtokens", version, styles = STYLES, subcommand_value_name = "COMMAND",
    after_long_help = after_help())]
pub(crate) struct Cli {
    /// Print what this program is
    #[arg(long)]
    pub(crate) about: bool,

    #[command(flatten)]
    pub(crate) global: GlobalArgs,

    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// The commands, but for the operations, which are made from their table: those for everyday use, and from `config` on those about
/// this program and the local LaunchDarkly.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    List(list::ListArgs),
    Get(list::GetArgs),
    Create(Box<create::CreateArgs>),
    Update(Box<update::UpdateArgs>),
    Undo(undo::UndoArgs),
    Reset(Box<reset::ResetArgs>),
    Rotate(Box<rotate::RotateArgs>),
    Delete(update::DeleteArgs),
    Revoke(Box<revoke::RevokeArgs>),
    Verify(verify::VerifyArgs),
    Whoami(verify::WhoamiArgs),
    Audit(Box<audit::AuditArgs>),
    Inventory(inventory::InventoryArgs),
    Diff(audit::DiffArgs),
    Export(as_code::ExportArgs),
    Plan(as_code::PlanArgs),
    Apply(as_code::ApplyArgs),
    Config(config::ConfigArgs),
    Login(login::LoginArgs),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
    Serve(Box<serve::ServeArgs>),
    Schema(as_code::SchemaArgs),
    /// Show a token's life cycle on a temporary local LaunchDarkly
    Demo,
}

/// Parses the program's arguments.
pub(crate) fn parse(words: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let mut command = command();
    command.try_get_matches_from_mut(words).map_err(|error| {
        let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        tips::improved(error, &command, &words)
    })
}

/// All commands on one screen: for people who ask, or who named none.
pub(crate) fn overview() -> String {
    let name = STYLES.get_literal();
    let command = command();
    let mut text = format!("{}\n\nUsage: ldtokens COMMAND [OPTIONS]\n\n", command.get_about().expect("it has one"));
    for verb in command.get_subcommands().take_while(|verb| verb.get_name() != "config") {
        let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(text, "  {name}{:<10}{name:#} {about}", verb.get_name());
    }
    let operations: Vec<&str> = OPERATIONS.iter().map(|operation| operation.id).collect();
    let _ = write!(
        text,
        "\n  account    {name}login config{name:#}\n  local      {name}demo serve{name:#}, and --local with any command\n  \
         shell      {name}completions man help{name:#}\n  API        {name}{}{name:#}\n\n\
         The credential is in LD_ACCESS_TOKEN, or `ldtokens login` stores it.\n\
         `ldtokens COMMAND -h` explains a command; `ldtokens --help` has the options of\n\
         all commands, examples and exit statuses.",
        operations.join(" "),
    );
    text
}

/// The whole command. The short help of a command leaves out the options of all commands.
pub(crate) fn command() -> Command {
    let global = GlobalArgs::augment_args(Command::new(""));
    let mut command = Cli::command()
        .subcommands(OPERATIONS.iter().map(operation))
        // `update` shares these options, and does not require them.
        .mut_subcommand("create", |create| create.mut_group("permissions", |group| group.required(true)));
    for name in WITHOUT_ACCOUNT {
        // Their help leaves these options out.
        let hidden = global.get_arguments().map(|argument| argument.clone().hide(true));
        command = command.mut_subcommand(name, |command| command.args(hidden));
    }
    command.mut_args(|argument| match argument.is_global_set() {
        true => argument.hide_short_help(true),
        false => argument,
    })
}

/// How times of day without an offset were read, in whichever option of whichever command.
pub(crate) fn notes(matches: &ArgMatches) -> Vec<String> {
    let Some((name, matches)) = matches.subcommand() else { return Vec::new() };
    let command = command();
    let arguments = command.find_subcommand(name).map(Command::get_arguments).into_iter().flatten();
    let takes = |argument: &clap::Arg, what: &str| argument.get_value_names().is_some_and(|names| names == [what]);
    let mut notes = Vec::new();
    for argument in arguments.filter(|argument| takes(argument, "TIMESTAMP") || takes(argument, "CONDITION")) {
        let texts = matches.get_raw(argument.get_id().as_str()).into_iter().flatten().filter_map(|raw| raw.to_str());
        let times = texts.filter_map(|text| match filter::split(text) {
            Ok((field, _, value)) => Field::new(field).is_ok_and(|field| field.is_time()).then_some(value),
            Err(_) => Some(text),
        });
        notes.extend(times.filter_map(moment::note));
    }
    notes
}

fn after_help() -> String {
    let meaning = |kind: &Kind| kind.to_possible_value()?.get_help().map(ToString::to_string);
    let kinds = Kind::value_variants().iter().filter(|kind| **kind != Kind::DryRun);
    let statuses: String =
        kinds.map(|kind| format!("\n  {:<4} {}", *kind as u8, meaning(kind).unwrap_or_default())).collect();
    let variables: String = VARIABLES.iter().map(|(name, meaning)| format!("\n  {name}\n      {meaning}")).collect();
    format!("{AFTER_HELP}\n\nExit status:\n  0    success{statuses}\n\nEnvironment:{variables}")
}

fn operation(operation: &'static OperationSpec) -> Command {
    let command = OperationArgs::augment_args(Command::new(operation.id));
    let command = if gives_secret(operation) { SecretArgs::augment_args(command) } else { command };
    command
        .about(format!("{}{}", operation.summary, if operation.deprecated { " (deprecated)" } else { "" }))
        .long_about(format!("{}\n\n{} {}", operation.description, operation.method, operation.path))
        .help_template(OPERATION_HELP)
        .after_help(parameters(operation))
}

/// Describes the operation's deprecation, parameters, body and responses.
fn parameters(operation: &OperationSpec) -> String {
    let mut text = String::new();
    if operation.deprecated {
        let _ = writeln!(text, "Deprecated. {}\n", operation.description);
    }
    let mut list = |title: &str, words: Vec<(&ParameterSpec, String)>| {
        if !words.is_empty() {
            let _ = writeln!(text, "{title}");
        }
        for (parameter, word) in words {
            let must = if parameter.required { ", required" } else { "" };
            let old = if parameter.deprecated { ", deprecated" } else { "" };
            let _ = writeln!(text, "  {word}  ({}{must}{old})\n      {}", parameter.value_type, parameter.description);
        }
    };
    list("Parameters:", parameter_words(operation).collect());
    list("Body:", property_words(operation).collect());
    if let Some(body) = &operation.body {
        let _ = writeln!(text, "A body on standard input, with -, is JSON like\n  {}", body.example);
    }
    let _ = writeln!(text, "{}Responses:", if text.is_empty() { "" } else { "\n" });
    for (status, meaning) in operation.responses {
        let _ = writeln!(text, "  {status}  {meaning}");
    }
    let _ = write!(text, "\nExample:\n  ldtokens {}", operation.example);
    text
}

/// The choice of colors in the arguments, if there is one. The last one wins.
pub(crate) fn color(words: &[&str]) -> Option<anstream::ColorChoice> {
    let words = words.join("\0").replace("\0--color\0", "\0--color=");
    words.rsplit('\0').find_map(|word| match word {
        "--no-color" | "--no-colors" | "--color=never" => Some(anstream::ColorChoice::Never),
        "--color=always" => Some(anstream::ColorChoice::Always),
        "--color=auto" => Some(anstream::ColorChoice::Auto),
        _ => None,
    })
}
