//! What shells know of the command: completions and man pages, both made from its one definition.

mod candidates;
mod line;
mod man;
mod scripts;
mod tokens;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::CompleteEnv;

use crate::command::command;
use crate::terminal::failure::Failure;
use crate::terminal::output::write;
use candidates::with_candidates;
use line::Line;
use scripts::SHELLS;

/// By which the shell's script asks for completions.
const VARIABLE: &str = "COMPLETE";

const BASH: &str = "bash";

/// Answers a shell that asks what could come next, and ends; or does nothing, if none asks.
pub(crate) fn complete() {
    let Some(shell) = std::env::var_os(VARIABLE) else { return };
    let line = Arc::new(Line::read(Path::new(&shell)));
    let completed = || {
        let mut command = command();
        command.build();
        with_candidates(command, &line)
    };
    // Whatever goes wrong is no matter for the line that somebody is typing.
    std::panic::set_hook(Box::new(|_| {}));
    CompleteEnv::with_factory(completed).var(VARIABLE).completer("ldtokens").shells(SHELLS).complete();
    let _ = std::panic::take_hook();
}

pub(crate) fn completions() -> Command {
    Command::new("completions")
        .about("Print a shell completion script")
        .arg(
            Arg::new("shell")
                .value_name("SHELL")
                .required(true)
                .value_parser(["bash", "zsh", "fish", "powershell", "elvish"])
                .help("Shell to print the script for"),
        )
        .after_help(
            "Add it to the startup file of your shell:\n  \
             bash        echo 'source <(ldtokens completions bash)' >> ~/.bashrc\n  \
             zsh         echo 'source <(ldtokens completions zsh)' >> ~/.zshrc\n  \
             fish        ldtokens completions fish > ~/.config/fish/completions/ldtokens.fish\n  \
             PowerShell  ldtokens completions powershell >> $PROFILE",
        )
}

pub(crate) fn print_completions(arguments: &ArgMatches) -> Result<(), Failure> {
    let shell = arguments.get_one::<String>("shell").expect("it is required");
    let completer = SHELLS.completer(shell).expect("clap allows no other");
    let mut script = Vec::new();
    completer
        .write_registration(VARIABLE, "ldtokens", "ldtokens", "ldtokens", &mut script)
        .map_err(|error| Failure::other(format!("can't make the script: {error}")))?;
    write(&String::from_utf8_lossy(&script)).map(|_| ())
}

pub(crate) fn man() -> Command {
    Command::new("man")
        .about("Print the man page, or write man pages for all commands to a folder")
        .arg(
            Arg::new("folder")
                .value_name("FOLDER")
                .value_parser(value_parser!(PathBuf))
                .help("Folder to write to, e.g. ~/.local/share/man/man1"),
        )
        .after_help("Examples:\n  ldtokens man | man -l -\n  ldtokens man ~/.local/share/man/man1")
}

pub(crate) fn write_man(arguments: &ArgMatches) -> Result<(), Failure> {
    match arguments.get_one::<PathBuf>("folder") {
        Some(folder) => man::write(folder).map_err(|error| Failure::other(format!("{}: {error}", folder.display()))),
        None => {
            let page = man::page().map_err(|error| Failure::other(format!("can't make the page: {error}")))?;
            write(&String::from_utf8_lossy(&page)).map(|_| ())
        }
    }
}
