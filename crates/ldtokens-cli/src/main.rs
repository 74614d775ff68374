//! The command `ldtokens`: LaunchDarkly access tokens from a shell and in CI.

mod account;
mod arguments;
mod command;
mod files;
mod moment;
mod nearest;
mod operations;
mod shell;
mod terminal;
mod verbs;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgMatches, FromArgMatches};
use ldtokens_operations::OperationSpec;

use crate::command::{Cli, Verb, WITHOUT_ACCOUNT};
use crate::terminal::{Failure, Format, has_secret, is_dumb, logging, print, print_styled, progress, say};
use crate::verbs::{
    as_code, audit, config, create, demo, inventory, list, login, reset, revoke, rotate, serve, undo, update, verify,
};

fn main() -> ExitCode {
    shell::complete(command::command);
    let words: Vec<OsString> = command::words().collect();
    let texts: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let flags: Vec<&str> = texts.iter().map(|text| &**text).take_while(|text| *text != "--").collect();
    say::set_errors_json(Format::asks_for_json_errors(&flags));
    if texts.iter().any(|text| has_secret(text)) {
        return Failure::usage(
            "an argument contains a secret. Other users can read arguments, and the shell's history keeps them: set \
             LD_ACCESS_TOKEN instead, or use --token-file or --token-command. If the secret is a real one, reset its token",
        )
        .report();
    }
    // Before the arguments are parsed, since help and errors have colors too.
    if let Some(choice) = command::color(&flags).or_else(|| is_dumb().then_some(anstream::ColorChoice::Never)) {
        choice.write_global();
    }
    let exit = |result: Result<(), Failure>| result.map_or_else(|failure| failure.report(), |()| ExitCode::SUCCESS);
    if texts.len() == 1 {
        say::page(&command::overview());
        return Failure::usage("a command is required").report();
    }
    if texts[1..] == ["-h"] {
        return exit(print_styled(&command::overview()));
    }
    let parsed = command::parse(&words);
    let (cli, matches) = match parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches))) {
        Ok(parsed) => parsed,
        Err(error) if error.use_stderr() && say::are_errors_json() => {
            return Failure::usage(what_clap_says(&error)).report();
        }
        Err(error) if error.use_stderr() => error.exit(),
        // Help, or the version.
        Err(error) => return exit(print_styled(error.render().ansi().to_string().trim_end())),
    };
    let server_log = match &cli.verb {
        Some(Verb::Serve(arguments)) => Some(arguments.log),
        _ => None,
    };
    logging::start(cli.global.verbose, server_log);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::other(format!("can't start: {error}")).report(),
    };
    command::notes(&matches).iter().for_each(|note| say::note(note));
    let result = runtime.block_on(run(cli, &matches));
    // Don't wait for a question that was not answered.
    runtime.shutdown_background();
    progress::clear();
    logging::flush();
    exit(result)
}

/// The error and its tips on one line, without the usage and the hint about --help.
fn what_clap_says(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<_> = lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more")).collect();
    let line = lines.join("; ");
    line.strip_prefix("error: ").unwrap_or(&line).replace(":; ", ": ")
}

async fn run(mut cli: Cli, matches: &ArgMatches) -> Result<(), Failure> {
    if cli.about {
        return print(command::ABOUT_TEXT);
    }
    let Some((name, arguments)) = matches.subcommand() else {
        return Err(Failure::usage("a command is required: `ldtokens -h` lists them"));
    };
    cli.global.command = name.to_owned();
    let global = &cli.global;
    if WITHOUT_ACCOUNT.contains(&name) {
        global.refuse_account(name)?;
    }
    let Some(verb) = cli.verb else {
        let operation = OperationSpec::find(name).expect("a command is a verb or an operation");
        return operations::run(operation, global, arguments).await;
    };
    match verb {
        Verb::List(arguments) => list::list(global, arguments).await,
        Verb::Get(arguments) => list::get(global, arguments).await,
        Verb::Create(arguments) => create::run(global, *arguments).await,
        Verb::Update(arguments) => update::update(global, *arguments).await,
        Verb::Undo(arguments) => undo::run(global, &arguments).await,
        Verb::Reset(arguments) => reset::run(global, *arguments).await,
        Verb::Rotate(arguments) => rotate::run(global, &arguments).await,
        Verb::Delete(arguments) => update::delete(global, arguments).await,
        Verb::Revoke(arguments) => revoke::run(global, *arguments).await,
        Verb::Verify(arguments) => verify::verify(global, arguments).await,
        Verb::Whoami(_) => verify::whoami(global).await,
        Verb::Audit(arguments) => audit::run(global, &arguments).await,
        Verb::Inventory(arguments) => inventory::run(global, &arguments).await,
        Verb::Diff(arguments) => audit::diff(global, &arguments),
        Verb::Export(arguments) => as_code::export(global, &arguments).await,
        Verb::Plan(arguments) => as_code::plan(global, &arguments).await,
        Verb::Apply(arguments) => as_code::apply(global, &arguments).await,
        Verb::Config(arguments) => config::run(global, arguments),
        Verb::Login(arguments) => login::run(global, arguments).await,
        Verb::Completions(arguments) => shell::print_completions(&arguments),
        Verb::Man(arguments) => shell::write_man(&arguments, command::command()),
        Verb::Serve(arguments) => serve::run(*arguments).await,
        Verb::Schema(arguments) => as_code::schema(&arguments),
        Verb::Demo => demo::run().await,
    }
}
