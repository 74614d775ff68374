//! What shells know of the command: completions and man pages, both made from its one definition.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::CompleteEnv;
use clap_complete::env::Shells;

use crate::command::command;
use crate::failure::Failure;
use crate::output::write;

/// By which the shell's script asks for completions.
const VARIABLE: &str = "COMPLETE";

/// Answers a shell that asks what could come next, and ends; or does nothing, if none asks.
pub(crate) fn complete() {
    CompleteEnv::with_factory(command).var(VARIABLE).complete();
}

pub(crate) fn completions() -> Command {
    Command::new("completions")
        .about("Print a script that makes a shell complete commands, parameters, roles, fields and tokens")
        .arg(
            Arg::new("shell")
                .value_name("SHELL")
                .required(true)
                .value_parser(["bash", "zsh", "fish", "powershell", "elvish"])
                .help("Which shell it is for"),
        )
        .after_help(
            "Put it where the shell reads it at its start:\n  \
             bash        echo 'source <(ldtokens completions bash)' >> ~/.bashrc\n  \
             zsh         echo 'source <(ldtokens completions zsh)' >> ~/.zshrc\n  \
             fish        ldtokens completions fish > ~/.config/fish/completions/ldtokens.fish\n  \
             PowerShell  ldtokens completions powershell >> $PROFILE",
        )
}

pub(crate) fn print_completions(arguments: &ArgMatches) -> Result<(), Failure> {
    let shell = arguments.get_one::<String>("shell").expect("it is required");
    let shells = Shells::builtins();
    let completer = shells.completer(shell).expect("clap allows no other");
    let mut script = Vec::new();
    completer
        .write_registration(VARIABLE, "ldtokens", "ldtokens", "ldtokens", &mut script)
        .map_err(|error| Failure::other(format!("the script can't be made: {error}")))?;
    write(&String::from_utf8_lossy(&script)).map(|_| ())
}

pub(crate) fn man() -> Command {
    Command::new("man")
        .about("Print the man page, or write one for each command into a folder")
        .arg(
            Arg::new("folder")
                .value_name("FOLDER")
                .value_parser(value_parser!(PathBuf))
                .help("Where to write them, as in ~/.local/share/man/man1"),
        )
        .after_help("Examples:\n  ldtokens man | man -l -\n  ldtokens man ~/.local/share/man/man1")
}

pub(crate) fn write_man(arguments: &ArgMatches) -> Result<(), Failure> {
    let Some(folder) = arguments.get_one::<PathBuf>("folder") else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command())
            .render(&mut page)
            .map_err(|error| Failure::other(format!("the page can't be made: {error}")))?;
        return write(&String::from_utf8_lossy(&page)).map(|_| ());
    };
    let failed = |error: std::io::Error| Failure::other(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(command(), folder).map_err(failed)
}
