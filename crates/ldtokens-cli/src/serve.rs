//! `ldtokens serve`: a local LaunchDarkly until it is interrupted.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::ArgMatches;
use ldtokens::Secret;
use ldtokens_server::{Limits, Server};

use crate::failure::Failure;
use crate::output::print;

/// Where the owner's secret of a new store comes from.
const ROOT_TOKEN: &str = "LDTOKENS_ROOT_TOKEN";

pub(crate) async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    // Before anything is announced, so that a signal is never too early.
    let stop = stop_signal().map_err(|error| Failure::other(format!("signals can't be waited for: {error}")))?;
    let mut limits = Limits::none();
    if let Some(limit) = arguments.get_one("limit") {
        limits = limits.account(*limit);
    }
    if let Some(limit) = arguments.get_one("route-limit") {
        limits = limits.route(*limit);
    }
    let mut builder =
        Server::builder().listen(*arguments.get_one::<SocketAddr>("listen").expect("it has a default")).limits(limits);
    let store = arguments.get_one::<PathBuf>("store");
    if let Some(store) = store {
        builder = builder.store(store);
    }
    let given = match std::env::var(ROOT_TOKEN) {
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
    match server.owner_secret() {
        Some(_) if was_given => {}
        Some(secret) => print(&format!("the owner's secret, shown this once: {}", secret.expose()))?,
        None if was_given => {
            anstream::eprintln!("ldtokens: the store has an owner already, so {ROOT_TOKEN} was not used");
        }
        None => {}
    }
    if store.is_none() {
        anstream::eprintln!("ldtokens: in memory; give --store FILE to keep the account");
    }
    stop.await;
    server.stop().await;
    Ok(())
}

/// Ends on SIGINT or SIGTERM.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
