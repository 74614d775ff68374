//! Completions and man pages, both generated from the definition of the command.

mod bash;
mod candidates;
mod man;
mod tokens;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_complete::CompleteEnv;
use clap_complete::env::{Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};

use crate::nearest::did_you_mean;
use crate::terminal::{Failure, write};
use bash::Line;
use candidates::with_candidates;

/// The variable by which a shell's script asks for completions.
const VARIABLE: &str = "COMPLETE";

/// The shells that have a script.
const SHELLS: Shells<'static> = Shells(&[
    &Scripted { name: bash::NAME, script: include_str!("shell/ldtokens.bash") },
    &Elvish,
    &Fish,
    &Powershell,
    &Scripted { name: "zsh", script: include_str!("shell/ldtokens.zsh") },
]);

/// A shell with a script of ours. The one for zsh adds no space after a word that is not complete.
struct Scripted {
    name: &'static str,
    script: &'static str,
}

impl EnvCompleter for Scripted {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is(&self, name: &str) -> bool {
        name == self.name
    }

    fn write_registration(&self, _: &str, _: &str, _: &str, _: &str, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(self.script.as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        folder: Option<&Path>,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        match self.name {
            bash::NAME => bash::write_candidates(command, folder, to),
            _ => Zsh.write_complete(command, words, folder, to),
        }
    }
}

/// If a shell asks for completions, prints them and exits.
pub(crate) fn complete(command: fn() -> Command) {
    let Some(shell) = std::env::var_os(VARIABLE) else { return };
    let line: &Line = Box::leak(Box::new(Line::read(Path::new(&shell))));
    let completed = || {
        let mut built = command();
        built.build();
        with_candidates(built, line, command)
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
    let written = completer.write_registration(VARIABLE, "ldtokens", "ldtokens", "ldtokens", &mut script);
    written.expect("a vector takes all");
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
    let pages = man::pages(command);
    let name = match &arguments.what {
        // A word without a slash is a typo sooner than a new folder.
        Some(folder) if folder.is_dir() || folder.components().count() > 1 || folder.is_absolute() => {
            let write = |page: man::Page| fs::write(folder.join(page.file), page.text);
            let written = fs::create_dir_all(folder).and_then(|()| pages.into_iter().try_for_each(write));
            return written.map_err(|error| Failure::other(format!("{}: {error}", folder.display())));
        }
        Some(name) => name.to_string_lossy(),
        None => "ldtokens".into(),
    };
    let page = pages.iter().find(|page| page.command == name).ok_or_else(|| {
        let hint = did_you_mean(&name, pages.iter().map(|page| page.command.as_str()));
        Failure::usage(format!("there is no command `{name}`{hint} (for a folder, write ./{name})"))
    })?;
    write(&String::from_utf8_lossy(&page.text)).map(|_| ())
}
