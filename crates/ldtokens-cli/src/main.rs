//! The command `ldtokens`: LaunchDarkly access tokens from a shell and in CI.

mod account;
mod arguments;
mod command;
mod files;
mod nearest;
mod operations;
mod shell;
mod terminal;
mod verbs;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::ArgMatches;

use crate::arguments::refuse_connection;
use crate::operations::perform;
use crate::terminal::failure::Failure;
use crate::terminal::output::format::Format;
use crate::terminal::output::print;
use crate::terminal::redact::has_secret;
use crate::terminal::{logging, progress};
use crate::verbs::{config, demo, login, serve};
use ldtokens_client::operations::OperationSpec;

fn main() -> ExitCode {
    shell::complete();
    let words: Vec<OsString> = command::words().collect();
    let texts: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let has_json_errors = Format::asks_for_json_errors(&texts);
    if texts.iter().any(|text| has_secret(text)) {
        return Failure::usage(
            "an argument contains a secret. Other users can read arguments, and the shell's history keeps them: set \
             LD_ACCESS_TOKEN instead, or use --token-file or --token-command. If the secret is a real one, reset its token",
        )
        .report(has_json_errors);
    }
    // Before the arguments are parsed, since help and errors have colors too.
    if let Some(choice) = command::color(&texts) {
        choice.write_global();
    }
    let arguments = match command::command().try_get_matches_from(&words) {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() && has_json_errors => {
            return Failure::usage(what_clap_says(&error)).report(true);
        }
        Err(error) => error.exit(),
    };
    logging::start(&arguments);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match &runtime {
        Ok(runtime) => runtime.block_on(run(&arguments)),
        Err(error) => Err(Failure::other(format!("can't start: {error}"))),
    };
    if let Ok(runtime) = runtime {
        // A question that nobody answered any more is not waited for.
        runtime.shutdown_background();
    }
    progress::clear();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(has_json_errors),
    }
}

/// The error and its tips on one line, without the usage and the pointer to help that follow for people.
fn what_clap_says(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<_> = lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more")).collect();
    let line = lines.join("; ");
    line.strip_prefix("error: ").unwrap_or(&line).replace(":; ", ": ")
}

async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    if arguments.get_flag("about") {
        return print(command::ABOUT_TEXT);
    }
    let Some((name, arguments)) = arguments.subcommand() else {
        anstream::eprintln!("{}", command::command().render_help().ansi());
        return Err(Failure::usage("a command is required"));
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
        "login" => login::run(arguments).await,
        "completions" => shell::print_completions(arguments),
        "man" => shell::write_man(arguments),
        id => {
            let operation = OperationSpec::find(id).expect("clap knows no other");
            perform::run(operation, arguments).await
        }
    }
}
