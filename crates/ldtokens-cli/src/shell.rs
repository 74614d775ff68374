//! Completions and man pages, both generated from the definition of the command.

mod candidates;
mod line;
mod man;
mod scripts;
mod tokens;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Command};
use clap_complete::CompleteEnv;

use crate::nearest::did_you_mean;
use crate::terminal::failure::Failure;
use crate::terminal::output::write;
use candidates::with_candidates;
use line::Line;
use scripts::SHELLS;

/// The variable by which a shell's script asks for completions.
const VARIABLE: &str = "COMPLETE";

const BASH: &str = "bash";

/// If a shell asks for completions, prints them and exits.
pub(crate) fn complete(command: fn() -> Command) {
    let Some(shell) = std::env::var_os(VARIABLE) else { return };
    let line = Arc::new(Line::read(Path::new(&shell)));
    let completed = || {
        let mut built = command();
        built.build();
        with_candidates(built, &line, command)
    };
    // An error must not disturb the line that the user is typing.
    std::panic::set_hook(Box::new(|_| {}));
    CompleteEnv::with_factory(completed).var(VARIABLE).completer("ldtokens").shells(SHELLS).complete();
    let _ = std::panic::take_hook();
}

/// Print a shell completion script
#[derive(Args, Debug)]
#[command(after_help = STARTUP_FILES)]
pub(crate) struct CompletionsArgs {
    /// Shell to print the script for
    #[arg(value_name = "SHELL", value_parser = ["bash", "zsh", "fish", "powershell", "elvish"])]
    shell: String,
}

const STARTUP_FILES: &str = "\
Add it to the startup file of your shell:
  bash        echo 'source <(ldtokens completions bash)' >> ~/.bashrc
  zsh         echo 'source <(ldtokens completions zsh)' >> ~/.zshrc
  fish        ldtokens completions fish > ~/.config/fish/completions/ldtokens.fish
  PowerShell  ldtokens completions powershell >> $PROFILE";

pub(crate) fn print_completions(arguments: &CompletionsArgs) -> Result<(), Failure> {
    let completer = SHELLS.completer(&arguments.shell).expect("clap allows no other");
    let mut script = Vec::new();
    completer
        .write_registration(VARIABLE, "ldtokens", "ldtokens", "ldtokens", &mut script)
        .map_err(|error| Failure::other(format!("can't make the script: {error}")))?;
    write(&String::from_utf8_lossy(&script)).map(|_| ())
}

/// Print the man page of a command, or write all pages to a folder
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  ldtokens man list | man -l -\n  ldtokens man ~/.local/share/man/man1")]
pub(crate) struct ManArgs {
    /// Command whose page to print, or folder to write all pages to, e.g. ~/.local/share/man/man1
    #[arg(value_name = "COMMAND|FOLDER")]
    what: Option<PathBuf>,
}

pub(crate) fn write_man(arguments: &ManArgs, command: Command) -> Result<(), Failure> {
    let name = match &arguments.what {
        // A word without a slash is a typo sooner than a new folder.
        Some(folder) if folder.is_dir() || folder.components().count() > 1 || folder.is_absolute() => {
            return man::write(command, folder)
                .map_err(|error| Failure::other(format!("{}: {error}", folder.display())));
        }
        Some(name) => name.to_string_lossy(),
        None => "ldtokens".into(),
    };
    let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    let unknown = || {
        let hint = did_you_mean(&name, names.iter().copied());
        Failure::usage(format!("there is no command `{name}`{hint} (for a folder, write ./{name})"))
    };
    let page = man::page(command.clone(), &name).ok_or_else(unknown)?;
    let page = page.map_err(|error| Failure::other(format!("can't make the page: {error}")))?;
    write(&String::from_utf8_lossy(&page)).map(|_| ())
}
