//! `ldtokens serve`: runs a local LaunchDarkly until it is interrupted. It prints its URL and new secrets on standard output,
//! and the log on standard error.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Arg, Args};
use ldtokens::Secret;
use ldtokens_server::{Account, Fault, InvalidAccount, Limits, Server, ServerBuilder};

use crate::account::ROOT_TOKEN;
use crate::arguments::whole_number;
use crate::files::text;
use crate::terminal::{Failure, Log, print, stops, visible};

/// Run a local LaunchDarkly server until interrupted
///
/// The first line on standard output is the URL, printed once the server is ready. A new store takes the owner's secret from
/// LDTOKENS_ROOT_TOKEN; without it, one is created and shown once. The store keeps only hashes of secrets.
///
/// Each flag can also be given by a variable, as in a service container: LDTOKENS_SERVE_ and the flag's name in capitals, such as
/// LDTOKENS_SERVE_LISTEN, LDTOKENS_SERVE_ROUTE_LIMIT, or LDTOKENS_SERVE_STRICT=true. Several hosts are separated by commas, and several
/// faults by line breaks.
///
/// SIGINT or SIGTERM stops the server after the requests in progress, within five seconds. A second one stops it at once.
#[derive(Args, Debug)]
#[command(mut_args = with_variable)]
pub(crate) struct ServeArgs {
    /// Listen on this address and port; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Listen on this port of 127.0.0.1
    #[arg(long, short, value_name = "PORT", conflicts_with = "listen")]
    port: Option<u16>,

    /// Answer requests for this host name too [default: localhost and the address of --listen]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    allow_host: Vec<String>,

    /// Keep the account in this file; created if missing [default: in memory]
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,

    /// Allow N requests per ten seconds, then answer 429
    #[arg(long, value_name = "N", value_parser = whole_number::<u32, 0>)]
    limit: Option<u32>,

    /// Allow N requests per operation and ten seconds, then answer 429
    #[arg(long, value_name = "N", value_parser = whole_number::<u32, 0>)]
    route_limit: Option<u32>,

    /// Allow N requests per token and ten seconds, then answer 429
    #[arg(long, value_name = "N", value_parser = whole_number::<u32, 0>)]
    token_limit: Option<u32>,

    /// When the limits' windows start: all together (aligned), or each at its own time (independent)
    #[arg(long, value_name = "HOW", value_parser = ["aligned", "independent"], default_value = "aligned")]
    limit_windows: String,

    /// Allow N requests per client address and ten seconds, then answer 429 with Retry-After
    #[arg(long, value_name = "N", value_parser = whole_number::<u32, 0>)]
    ip_limit: Option<u32>,

    /// Fill a new store with the members, custom roles and tokens of a YAML or JSON file [default: an owner, an admin, a writer
    /// and a reader]. LDTOKENS_SERVE_ACCOUNT_TEXT can have the text itself
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,

    /// Print the JSON Schema of the --account file and exit
    #[arg(long)]
    account_schema: bool,

    /// Add N tokens to a new store, the same ones each time
    #[arg(long, value_name = "N", value_parser = whole_number::<u32, 0>)]
    seed_tokens: Option<u32>,

    /// Refuse what LaunchDarkly refuses or may refuse, in place of a warning in the log
    #[arg(
        long,
        value_parser = FalseyValueParser::new(),
        long_help = "Refuse what LaunchDarkly refuses or may refuse, in place of a warning in the log: a POST or PATCH without \
            Content-Type: application/json (415); a custom role that the account does not have, properties that an operation does \
            not have, an old API version for a new token, and an expiry that has passed (400); and the reset of another member's \
            personal token (403)"
    )]
    strict: bool,

    /// Simulate a failure, e.g. 'postToken status=503 times=3' or '* drop-after probability=0.1'
    #[arg(long, value_name = "FAULT", value_delimiter = '\n', long_help = format!("Simulate a failure: {}. Can be repeated", Fault::FORM))]
    fault: Vec<Fault>,

    /// Seed for the random choices of faults
    #[arg(long, value_name = "N", value_parser = whole_number::<u64, 0>)]
    fault_seed: Option<u64>,

    /// Format of the request log on standard error; json is one object per line
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        long_help = "Format of the request log on standard error; json is one object per line. RUST_LOG replaces what is logged, \
            except with off. Secrets are never logged"
    )]
    pub(crate) log: Log,

    /// Also listen on this loopback address for changes of the faults, the clock and the account
    #[arg(long, value_name = "ADDR")]
    admin: Option<SocketAddr>,
}

/// The text of an account, for a container that can't be given a file.
const ACCOUNT_TEXT: &str = "LDTOKENS_SERVE_ACCOUNT_TEXT";

/// Lets a flag be given by a variable.
fn with_variable(flag: Arg) -> Arg {
    let id = flag.get_id().as_str();
    if matches!(id, "help" | "account_schema") {
        return flag;
    }
    let variable = format!("LDTOKENS_SERVE_{}", id.to_uppercase());
    flag.env(variable).hide_env(true)
}

pub(crate) async fn run(arguments: ServeArgs) -> Result<(), Failure> {
    if arguments.account_schema {
        return print(&format!("{:#}", Account::json_schema()));
    }
    // Before the URL is printed, so that a signal can't come too early.
    let mut stops = stops()?;
    #[cfg(unix)]
    let _file_size_signal = raise_limits()?;
    let limits = arguments.limit.into_iter().fold(Limits::none(), Limits::account);
    let limits = arguments.route_limit.into_iter().fold(limits, Limits::route);
    let limits = arguments.token_limit.into_iter().fold(limits, Limits::token);
    let mut limits = arguments.ip_limit.into_iter().fold(limits, Limits::address);
    if arguments.limit_windows == "independent" {
        limits = limits.independent_windows();
    }
    let listen = arguments.port.map_or(arguments.listen, |port| SocketAddr::from(([127, 0, 0, 1], port)));
    let builder = Server::builder().listen(listen).limits(limits);
    let builder = arguments.allow_host.iter().fold(builder, ServerBuilder::allow_host);
    let builder = arguments.store.iter().fold(builder, ServerBuilder::store);
    let builder = arguments.seed_tokens.into_iter().fold(builder, ServerBuilder::seed_tokens);
    let builder = arguments.fault_seed.into_iter().fold(builder, ServerBuilder::fault_seed);
    let builder = arguments.admin.into_iter().fold(builder, ServerBuilder::admin);
    let mut builder = arguments.fault.iter().cloned().fold(builder, ServerBuilder::fault);
    let text = std::env::var(ACCOUNT_TEXT).ok().filter(|text| !text.is_empty());
    let account = match (&arguments.account, text) {
        (Some(_), Some(_)) => return Err(Failure::usage(format!("--account and {ACCOUNT_TEXT} can't both be given"))),
        (Some(path), None) => {
            Some((format!("--account {}", path.display()), text::of_file(path, Account::LONGEST as u64)))
        }
        (None, text) => text.map(|text| (ACCOUNT_TEXT.to_owned(), Ok(text))),
    };
    if let Some((from, text)) = account {
        let account = text.and_then(|text| text.parse().map_err(|error: InvalidAccount| error.to_string()));
        builder = builder.account(account.map_err(|reason| Failure::usage(reason).within(from))?);
    }
    if arguments.strict {
        builder = builder.strict();
    }
    let given = match std::env::var(ROOT_TOKEN) {
        Ok(secret) if secret.is_empty() => {
            return Err(Failure::usage(format!("{ROOT_TOKEN} is empty: unset it, or set it to the owner's secret")));
        }
        Ok(secret) => Some(Secret::new(secret)),
        Err(std::env::VarError::NotPresent) => None,
        Err(error) => return Err(Failure::usage(format!("{ROOT_TOKEN} can't be read: {error}"))),
    };
    let was_given = given.is_some();
    if let Some(secret) = given {
        builder = builder.owner_secret(secret);
    }
    let server = builder.start().await.map_err(|error| Failure::other(error.to_string()))?;
    let mut lines = vec![format!("listening on {}", server.url())];
    lines.extend(server.admin_url().map(|url| format!("admin endpoint on {url}")));
    for (name, secret) in server.new_secrets() {
        let whose = if Some(secret) == server.owner_secret() { "the owner" } else { name };
        lines.push(format!("{}'s secret, shown this once: {}", visible(whose), secret.expose()));
    }
    if was_given && server.owner_secret().is_none() {
        lines.push(format!("the store already has an owner, so {ROOT_TOKEN} was not used"));
    }
    if arguments.store.is_none() {
        lines.push("in memory; use --store FILE to keep the account".to_owned());
    }
    lines.push(exports(&server, was_given));
    print(&lines.join("\n"))?;
    stops.recv().await;
    tokio::select! {
        biased; // so that it says that it stops
        () = server.stop() => Ok(()),
        _ = stops.recv() => Err(Failure::other("stopped at once by a second signal; requests in progress were aborted")),
    }
}

/// Lets the process have as many open files as it may, and lets a write beyond its limit on the size of files fail, in place of
/// ending the process, as long as the returned value lives.
#[cfg(unix)]
fn raise_limits() -> Result<tokio::signal::unix::Signal, Failure> {
    use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
    /// The most that macOS accepts.
    const FILES: u64 = 10_240;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(FILES, |maximum| maximum.min(FILES));
    if current.is_some_and(|current| current < wanted) {
        // If the system refuses, there is room for fewer connections, which the log says.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
    let kind = tokio::signal::unix::SignalKind::from_raw(Signal::XFSZ.as_raw());
    tokio::signal::unix::signal(kind).map_err(|error| Failure::other(format!("can't listen for signals: {error}")))
}

/// The commands that make another shell use this server.
fn exports(server: &Server, was_given: bool) -> String {
    let mut addr = server.addr();
    if addr.ip().is_unspecified() {
        // Where this machine reaches it.
        addr.set_ip(if addr.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    let credential = match server.owner_secret() {
        Some(secret) if !was_given => format!("  export LD_ACCESS_TOKEN={}", secret.expose()),
        // It is not shown, and the other shell may not have it. In Bash, an apostrophe here would begin a quote.
        Some(_) => format!("  export LD_ACCESS_TOKEN=\"${{{ROOT_TOKEN}:?set it to the secret of the owner}}\""),
        None => "and set LD_ACCESS_TOKEN to the secret of a token of this store".to_owned(),
    };
    format!("to use it from another shell:\n  export LD_BASE_URI=http://{addr}\n{credential}")
}
