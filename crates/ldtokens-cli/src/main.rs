//! The command `ldtokens`: LaunchDarkly access tokens from a shell and in CI.

mod columns;
mod command;
mod connect;
mod demo;
mod failure;
mod logging;
#[rustfmt::skip] // the generator formats it, and `cargo xtask generate --check` compares bytes
mod operations;
mod output;
mod perform;
mod serve;
mod words;

use std::process::ExitCode;

use clap::ArgMatches;

use crate::failure::Failure;
use crate::operations::OPERATIONS;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    logging::start();
    match run(&command::command().get_matches()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    match arguments.subcommand() {
        Some(("serve", arguments)) => serve::run(arguments).await,
        Some(("demo", _)) => demo::run().await,
        Some((id, of_operation)) => {
            let operation = OPERATIONS.iter().find(|operation| operation.id == id).expect("clap knows no other");
            perform::run(operation, of_operation).await
        }
        None => unreachable!("clap requires a command"),
    }
}
