//! The command `ldtokens`: LaunchDarkly access tokens from a shell and in CI.

mod arguments;
mod ask;
mod batch;
mod command;
mod config;
mod config_file;
mod connect;
mod credential;
mod curl;
mod deliver;
mod demo;
mod failure;
mod filter;
mod interrupt;
mod local;
mod logging;
#[rustfmt::skip] // the generator formats it, and `cargo xtask generate --check` compares bytes
mod operations;
mod output;
mod own;
mod parameter;
mod perform;
mod permissions;
mod private;
mod progress;
mod redact;
mod serve;
mod settings;
mod shell;
mod signals;
mod stdin;
mod targets;
mod verbs;
mod words;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::ArgMatches;

use crate::arguments::refuse_connection;
use crate::failure::Failure;
use crate::operations::OPERATIONS;
use crate::output::format::Format;
use crate::output::print;
use crate::redact::has_secret;

fn main() -> ExitCode {
    shell::complete();
    let words: Vec<OsString> = command::words().collect();
    let texts: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let has_json_errors = Format::asks_for_json_errors(&texts);
    if texts.iter().any(|text| has_secret(text)) {
        return Failure::usage(
            "a secret was given in an argument. The credential is never an argument, where all can read it and the shell's \
             history keeps it: set LD_ACCESS_TOKEN, or see --token-file and --token-command. If the secret is a real one, \
             reset its token",
        )
        .report(has_json_errors);
    }
    let arguments = match command::command().try_get_matches_from(&words) {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() && has_json_errors => {
            return Failure::usage(error.to_string()).report(true);
        }
        Err(error) => error.exit(),
    };
    if arguments.get_flag("no-color") {
        anstream::ColorChoice::Never.write_global();
    }
    logging::start(&arguments);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match &runtime {
        Ok(runtime) => runtime.block_on(run(&arguments)),
        Err(error) => Err(Failure::other(format!("the program can't start: {error}"))),
    };
    if let Ok(runtime) = runtime {
        // A question that nobody answered any more is not waited for.
        runtime.shutdown_background();
    }
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(has_json_errors),
    }
}

async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    if arguments.get_flag("about") {
        return print(command::ABOUT_TEXT);
    }
    let Some((name, arguments)) = arguments.subcommand() else {
        anstream::eprintln!("{}", command::command().render_help().ansi());
        return Err(Failure::usage("say what to do: one of the commands above"));
    };
    if matches!(name, "serve" | "demo" | "completions" | "man") {
        refuse_connection(name, arguments)?;
    }
    if let Some(result) = verbs::run(name, arguments).await {
        return result;
    }
    match name {
        "serve" => serve::run(arguments).await,
        "demo" => demo::run().await,
        "config" => config::run(arguments),
        "completions" => shell::print_completions(arguments),
        "man" => shell::write_man(arguments),
        id => {
            let operation = OPERATIONS.iter().find(|operation| operation.id == id).expect("clap knows no other");
            perform::run(operation, arguments).await
        }
    }
}
