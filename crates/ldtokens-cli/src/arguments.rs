//! Arguments that several commands have.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};
use ldtokens::UnixMillis;
use ldtokens_operations::OperationSpec;

use crate::moment::{age, moment};
use crate::terminal::{Failure, Format, LAST, OUTPUT};

const CONNECTION: &str = "Connection";

const JSON: [&str; 2] = ["json", "application/json"];

/// The options of every command, before its name or after it.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct GlobalArgs {
    /// The command's name.
    #[arg(skip)]
    pub(crate) command: String,

    /// Output format; with json and ndjson, errors are JSON too [env: LD_OUTPUT] [default: table]
    #[arg(long, short, global = true, value_name = "FORMAT", help_heading = OUTPUT, display_order = LAST)]
    pub(crate) output: Option<Format>,

    /// Print the requests as curl commands; change nothing
    #[arg(long, global = true, help_heading = OUTPUT, display_order = LAST + 4)]
    pub(crate) dry_run: bool,

    // Colors are chosen before the arguments are parsed, since help and errors have them too.
    /// When to use colors [env: NO_COLOR]
    #[arg(long = "color", global = true, value_name = "WHEN", value_parser = ["auto", "always", "never"], default_value = "auto",
        help_heading = OUTPUT, display_order = LAST + 5)]
    _color: String,

    /// Disable colors
    #[arg(long = "no-color", global = true, visible_alias = "no-colors", help_heading = OUTPUT, display_order = LAST + 6)]
    _no_color: bool,

    // The media type, which is always JSON.
    /// Accepted for scripts of the Bash client; the API knows only JSON
    #[arg(long = "accept", global = true, hide = true, value_name = "TYPE", value_parser = JSON)]
    _accept: Option<String>,

    /// Accepted for scripts of the Bash client; the API knows only JSON
    #[arg(long = "content-type", global = true, hide = true, value_name = "TYPE", value_parser = JSON)]
    _content_type: Option<String>,

    /// Show each request on standard error; -vv and -vvv log more; RUST_LOG selects what. Never shows secrets
    #[arg(long, short, global = true, action = clap::ArgAction::Count, help_heading = OUTPUT, display_order = LAST + 7)]
    pub(crate) verbose: u8,

    /// Send at most N requests at a time
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16), hide_short_help = true,
        help_heading = CONNECTION, display_order = LAST + 16)]
    pub(crate) concurrency: Option<u8>,

    /// The API's URL, with or without /api/v2 [env: LD_BASE_URI, LAUNCHDARKLY_API_HOST] [default: the profile's, or
    /// https://app.launchdarkly.com]
    #[arg(long, global = true, value_name = "URL", value_parser = some_text, help_heading = CONNECTION, display_order = LAST + 10)]
    pub(crate) host: Option<String>,

    /// Send the credential over plain HTTP to a host that is not this machine, e.g. http://launchdarkly:8765 in Docker Compose
    #[arg(long, global = true, help_heading = CONNECTION, display_order = LAST + 10)]
    pub(crate) allow_plain_http: bool,

    /// Use a profile of the configuration file [env: LDTOKENS_PROFILE]
    #[arg(long, global = true, value_name = "NAME", value_parser = some_text, help_heading = CONNECTION, display_order = LAST + 11)]
    pub(crate) profile: Option<String>,

    /// Use a local LaunchDarkly that runs within this command and keeps its data in your data folder
    #[arg(long, global = true, help_heading = CONNECTION, display_order = LAST + 12)]
    pub(crate) local: bool,

    /// Read the credential from a file [default: LD_ACCESS_TOKEN or LAUNCHDARKLY_ACCESS_TOKEN]
    #[arg(long, global = true, value_name = "FILE", help_heading = CONNECTION, display_order = LAST + 13)]
    pub(crate) token_file: Option<PathBuf>,

    /// Read the credential from the output of a command, e.g. 'op read op://Work/LaunchDarkly/token'
    #[arg(long, global = true, value_name = "COMMAND", value_parser = some_text, help_heading = CONNECTION, display_order = LAST + 14)]
    pub(crate) token_command: Option<String>,

    /// Read the credential from standard input
    #[arg(long, global = true, help_heading = CONNECTION, display_order = LAST + 15)]
    pub(crate) token_stdin: bool,
}

impl GlobalArgs {
    /// The format of the output, by `--output` or the environment. Scripts of the Bash client read JSON from a pipe.
    pub(crate) fn format(&self) -> Result<Format, Failure> {
        let is_read_by_script = OperationSpec::find(&self.command).is_some() && !std::io::stdout().is_terminal();
        self.format_or(if is_read_by_script { Format::Json } else { Format::Table })
    }

    /// The format that was asked for, or else the `usual` one.
    pub(crate) fn format_or(&self, usual: Format) -> Result<Format, Failure> {
        Format::asked(self.output, usual, &self.command)
    }

    /// Those of the flags that say which account a command uses and how, that were given.
    fn account_flags(&self) -> impl Iterator<Item = &'static str> {
        let flags = [
            ("host", self.host.is_some()),
            ("profile", self.profile.is_some()),
            ("token-file", self.token_file.is_some()),
            ("token-command", self.token_command.is_some()),
            ("local", self.local),
            ("token-stdin", self.token_stdin),
            ("dry-run", self.dry_run),
        ];
        flags.into_iter().filter_map(|(flag, is_given)| is_given.then_some(flag))
    }

    /// Refuses flags that say which account to use, for a command that uses none.
    pub(crate) fn refuse_account(&self, command: &str) -> Result<(), Failure> {
        let refused = |flag| format!("--{flag} has no meaning for `ldtokens {command}`, which uses no account");
        self.account_flags().next().map_or(Ok(()), |flag| Err(Failure::usage(refused(flag))))
    }

    /// Refuses those of the `flags` that were given.
    pub(crate) fn refuse(&self, flags: &[&str]) -> Result<(), Failure> {
        let given = self.account_flags().find(|flag| flags.contains(flag));
        given.map_or(Ok(()), |flag| Err(Failure::usage(format!("--{flag} has no meaning here"))))
    }

    /// Refuses more than one of the `flags`.
    pub(crate) fn refuse_together(&self, flags: &[&str]) -> Result<(), Failure> {
        let given: Vec<&str> = self.account_flags().filter(|flag| flags.contains(flag)).collect();
        match &given[..] {
            [] | [_] => Ok(()),
            given => Err(Failure::usage(format!("--{} can't be used together", given.join(" and --")))),
        }
    }
}

/// The confirmation of a command that can't be undone.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ConfirmArgs {
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// The texts of a token.
#[derive(Args, Clone, Debug)]
pub(crate) struct TextArgs {
    /// Name of the token
    #[arg(long, short, value_name = "NAME", value_parser = some_text, allow_hyphen_values = true)]
    pub(crate) name: Option<String>,

    /// Description of the token, e.g. what it is for
    #[arg(long, value_name = "TEXT", value_parser = some_description, allow_hyphen_values = true)]
    pub(crate) description: Option<String>,
}

/// When a token expires.
#[derive(Args, Clone, Copy, Debug, Default)]
#[group(id = "expiry", multiple = false)]
pub(crate) struct ExpiryArgs {
    /// The token expires after this length of time, e.g. 90d
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = age)]
    pub(crate) expires_in: Option<Duration>,

    /// The token expires at this time, e.g. 2027-01-31
    #[arg(long, value_name = "TIMESTAMP", allow_hyphen_values = true, value_parser = moment)]
    pub(crate) expires_at: Option<UnixMillis>,
}

impl ExpiryArgs {
    /// The time that was given, by the clock `now`.
    pub(crate) fn moment(self, now: UnixMillis) -> Option<UnixMillis> {
        self.expires_at.or_else(|| Some(now.saturating_add(self.expires_in?)))
    }

    /// Refuses an end that is not in the future.
    pub(crate) fn check(self) -> Result<(), Failure> {
        let option = match (self.expires_in, self.expires_at) {
            (Some(length), _) if length.is_zero() => "--expires-in",
            (_, Some(end)) if end <= UnixMillis::now() => "--expires-at",
            _ => return Ok(()),
        };
        Err(Failure::usage(format!("{option}: the token would have expired already")))
    }
}

/// Where a new secret goes.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct SecretArgs {
    /// Write the new secret to a file: a new one, or one that holds the token's secret
    #[arg(
        long,
        value_name = "FILE",
        value_parser = some_text,
        value_hint = ValueHint::FilePath,
        allow_hyphen_values = true,
        long_help = "Write the new secret, without a newline, to a file. A new file can only be read by you; - is standard output. \
            A file that holds a secret of the token is replaced in one step, and the same users can read it. A file that holds \
            anything else is refused, unless --overwrite is given. The command checks that it can write the file before it \
            requests the secret. {id} and {name} in it become the token's ID and name. \
            Can be repeated and combined with the others."
    )]
    pub(crate) secret_to: Vec<String>,

    /// Pipe the new secret to a command, e.g. 'vault kv put secret/ld token=-'
    #[arg(long, value_name = "COMMAND", value_parser = some_text,
        long_help = "Pipe the new secret, without a newline, to a command, e.g. 'vault kv put secret/ld token=-'. The command runs \
            in a shell once per token, with LDTOKENS_TOKEN_ID, LDTOKENS_TOKEN_NAME and LDTOKENS_OLD_EXPIRES in its environment \
            and without the credential. It must read the secret and end with status 0; what it prints goes to standard error.")]
    pub(crate) secret_to_command: Vec<String>,

    /// Overwrite a file or variable that holds something else than the token's secret
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// Parses text that must not be empty.
pub(crate) fn some_text(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("it is empty".to_owned()) } else { Ok(text.to_owned()) }
}

/// Parses a description. `--no-description` removes one.
pub(crate) fn some_description(text: &str) -> Result<String, String> {
    some_text(text).map_err(|reason| format!("{reason}; to have none, leave it out, or update with --no-description"))
}

/// Parses a whole number, at least `LEAST`.
pub(crate) fn whole_number<N: TryFrom<u64>, const LEAST: u64>(text: &str) -> Result<N, String> {
    let number = text.parse().ok().filter(|number| *number >= LEAST).and_then(|number| N::try_from(number).ok());
    number.ok_or_else(|| format!("expected a whole number, at least {LEAST}"))
}
