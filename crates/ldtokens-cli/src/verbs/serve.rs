//! `ldtokens serve`: a local LaunchDarkly until it is interrupted. Standard output has what it announces, and standard error
//! the log.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use ldtokens::Secret;
use ldtokens_server::{Account, InvalidAccount, Limits, Server};

use crate::files::text;
use crate::terminal::failure::Failure;
use crate::terminal::output::print;
use crate::terminal::output::visible::visible;
use crate::terminal::signals::Stops;

/// Where the owner's secret of a new store comes from.
pub(crate) const ROOT_TOKEN: &str = "LDTOKENS_ROOT_TOKEN";

pub(crate) async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    if arguments.get_flag("account-schema") {
        return print(&format!("{:#}", Account::json_schema()));
    }
    // Before anything is announced, so that a signal is never too early.
    let mut stops = Stops::listen()?;
    let mut limits = Limits::none();
    if let Some(limit) = arguments.get_one("limit") {
        limits = limits.account(*limit);
    }
    if let Some(limit) = arguments.get_one("route-limit") {
        limits = limits.route(*limit);
    }
    if let Some(limit) = arguments.get_one("ip-limit") {
        limits = limits.address(*limit);
    }
    let listen = match arguments.get_one::<u16>("port") {
        Some(port) => SocketAddr::from(([127, 0, 0, 1], *port)),
        None => *arguments.get_one::<SocketAddr>("listen").expect("it has a default"),
    };
    let mut builder = Server::builder().listen(listen).limits(limits);
    for name in arguments.get_many::<String>("allow-host").into_iter().flatten() {
        builder = builder.allow_host(name);
    }
    let store = arguments.get_one::<PathBuf>("store");
    if let Some(store) = store {
        builder = builder.store(store);
    }
    if let Some(path) = arguments.get_one::<PathBuf>("account") {
        builder = builder.account(account(path)?);
    }
    if let Some(count) = arguments.get_one("seed-tokens") {
        builder = builder.seed_tokens(*count);
    }
    if arguments.get_flag("strict") {
        builder = builder.strict();
    }
    for line in arguments.get_many::<String>("fault").into_iter().flatten() {
        builder = builder.fault(line.parse().map_err(|error| Failure::usage(format!("--fault: {error}")))?);
    }
    if let Some(seed) = arguments.get_one("fault-seed") {
        builder = builder.fault_seed(*seed);
    }
    if let Some(addr) = arguments.get_one::<SocketAddr>("admin") {
        builder = builder.admin(*addr);
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
    let server = builder.start().await?;
    print(&format!("listening on {}", server.url()))?;
    if let Some(url) = server.admin_url() {
        print(&format!("admin endpoint on {url}/faults"))?;
    }
    for (name, secret) in server.new_secrets() {
        let whose = if Some(secret) == server.owner_secret() { "the owner's".to_owned() } else { format!("{name}'s") };
        print(&format!("{} secret, shown this once: {}", visible(&whose), secret.expose()))?;
    }
    if was_given && server.owner_secret().is_none() {
        print(&format!("the store already has an owner, so {ROOT_TOKEN} was not used"))?;
    }
    if store.is_none() {
        print("in memory; use --store FILE to keep the account")?;
    }
    print(&exports(&server, was_given))?;
    stops.next().await;
    server.stop().await;
    Ok(())
}

/// The lines for another shell, by which commands there use this server.
fn exports(server: &Server, was_given: bool) -> String {
    let credential = match server.owner_secret() {
        Some(secret) if !was_given => secret.expose().to_owned(),
        Some(_) => format!("\"${ROOT_TOKEN}\""),
        None => "SECRET  # of a token of this store".to_owned(),
    };
    format!(
        "to use it from another shell:\n  export LD_BASE_URI={}\n  export LD_ACCESS_TOKEN={credential}",
        server.url()
    )
}

fn account(path: &Path) -> Result<Account, Failure> {
    let unusable = |reason: String| Failure::usage(format!("--account {}: {reason}", path.display()));
    // What is longer is refused, and needs no more memory for that.
    let text = text::of_file(path, Account::LONGEST as u64 + 1).map_err(unusable)?;
    text.parse().map_err(|error: InvalidAccount| unusable(error.to_string()))
}
