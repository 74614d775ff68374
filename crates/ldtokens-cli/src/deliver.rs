//! Where a new secret goes: to the terminal, to a file of its own, or to a command's standard input. Nothing else sees it.

use std::fs;
use std::io::{self, IsTerminal, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use clap::ArgMatches;
use ldtokens::{Secret, TokenId};
use tempfile::NamedTempFile;

use crate::credential::shell;
use crate::failure::{Failure, Kind};
use crate::output::field::Field;
use crate::output::format::Format;

/// Stands in a file's name for the token's ID.
const ID: &str = "{id}";

/// How much room is made sure of before a secret is asked for, in bytes.
const ROOM: usize = 4096;

/// Where new secrets are to go.
#[derive(Debug)]
pub(crate) enum Destination {
    /// With the rest of the answer, on standard output.
    Stdout,
    File(PathBuf),
    Command(String),
}

impl Destination {
    /// Where `--secret-to` or `--secret-to-command` says.
    pub(crate) fn given(arguments: &ArgMatches) -> Option<Self> {
        if let Some(command) = arguments.get_one::<String>("secret-to-command") {
            return Some(Self::Command(command.clone()));
        }
        let file = arguments.get_one::<PathBuf>("secret-to")?;
        Some(if file.as_os_str() == "-" { Self::Stdout } else { Self::File(file.clone()) })
    }

    /// The same, or a terminal. Into a pipe a secret goes only where someone says so.
    pub(crate) fn for_people(arguments: &ArgMatches) -> Result<Self, Failure> {
        let given = Self::given(arguments);
        let is_dry_run = arguments.get_flag("dry-run");
        let is_printed = matches!(given, None | Some(Self::Stdout)) && !is_dry_run;
        match given {
            _ if is_printed && !prints_secrets(arguments)? => Err(Failure::usage(
                "with --quiet or --columns the new secret would not be printed: use --secret-to FILE or \
                 --secret-to-command COMMAND",
            )),
            Some(destination) => Ok(destination),
            None if io::stdout().is_terminal() || is_dry_run => Ok(Self::Stdout),
            None => Err(Failure::usage(
                "standard output is not a terminal, so the new secret needs a place to go: use --secret-to FILE, \
                 --secret-to-command COMMAND, or --secret-to - for standard output",
            )),
        }
    }

    /// Refuses one file for the secrets of several tokens.
    pub(crate) fn check_for(&self, tokens: usize) -> Result<(), Failure> {
        match self {
            Self::File(file) if tokens > 1 && !file.to_string_lossy().contains(ID) => Err(Failure::usage(format!(
                "--secret-to: {tokens} secrets need {tokens} files: put {ID}, the token's ID, in the name"
            ))),
            _ => Ok(()),
        }
    }

    /// Makes sure, before there is a secret, that it can be delivered, as far as that shows.
    pub(crate) fn prepare(&self, id: Option<&TokenId>) -> Result<Delivery, Failure> {
        Ok(match self {
            Self::Stdout => Delivery::Stdout,
            Self::Command(command) => Delivery::Command(command.clone()),
            Self::File(file) => {
                let file = match (id, file.to_str()) {
                    (Some(id), Some(name)) => PathBuf::from(name.replace(ID, &id.to_path_segment())),
                    _ => file.clone(),
                };
                let reserved = reserve(&file).map_err(|error| {
                    let hint = match error.kind() {
                        io::ErrorKind::AlreadyExists => {
                            "the file already exists and is not overwritten: choose another name"
                        }
                        _ => &error.to_string(),
                    };
                    Failure::usage(format!("--secret-to {}: {hint}", file.display()))
                })?;
                Delivery::File { reserved, file }
            }
        })
    }
}

/// Whether what is printed of a token would have its secret whole.
fn prints_secrets(arguments: &ArgMatches) -> Result<bool, Failure> {
    let has_secret = |fields: &Vec<Field>| fields.iter().any(Field::is_secret);
    Ok(match arguments.get_one::<Vec<Field>>("columns") {
        _ if arguments.get_flag("quiet") => false,
        None => true,
        Some(fields) => Format::asked(arguments)? != Format::Table && has_secret(fields),
    })
}

/// One secret's way, made ready.
pub(crate) enum Delivery {
    Stdout,
    File { reserved: NamedTempFile, file: PathBuf },
    Command(String),
}

impl Delivery {
    /// Whether the secret is printed with the answer.
    pub(crate) fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout)
    }

    /// Where the secret is, to be said once it is there.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Stdout if io::stdout().is_terminal() => "Store the secret now: it is not shown again".to_owned(),
            Self::Stdout => "Secret written to standard output".to_owned(),
            Self::File { file, .. } => format!("Secret written to {}", file.display()),
            Self::Command(_) => "Secret passed to the command".to_owned(),
        }
    }

    /// Delivers the secret of the token `id`, and prints the rest by `print`, which gives whether anyone still reads. Where
    /// the secret goes to standard output, that is what delivers it. `state` says what the token's state is, and how to
    /// recover, if the secret is lost on the way.
    pub(crate) fn hand_out(
        self,
        id: &str,
        secret: &Secret,
        print: impl FnOnce() -> Result<bool, Failure>,
        state: impl Fn(&str) -> String,
    ) -> Result<(), Failure> {
        let lost = |reason: &str| Failure::new(Kind::SecretNotDelivered, state(reason));
        let is_printed = self.is_stdout();
        self.deliver(id, secret).map_err(|reason| lost(&reason))?;
        match print() {
            Err(failure) if is_printed => Err(lost(&failure.to_string())),
            Ok(false) if is_printed => Err(lost("nobody reads standard output")),
            result => result.map(|_| ()),
        }
    }

    /// Delivers the secret, and nothing else, not even a line end. The error says where it is instead, if it is anywhere.
    fn deliver(self, id: &str, secret: &Secret) -> Result<(), String> {
        match self {
            Self::Stdout => Ok(()),
            Self::File { reserved, file } => into_file(reserved, &file, secret),
            Self::Command(command) => {
                to_command(&command, id, secret).map_err(|error| format!("`{}`: {error}", command))
            }
        }
    }
}

/// A file beside `file` that only its owner can read, with room for a secret.
fn reserve(file: &Path) -> io::Result<NamedTempFile> {
    if fs::symlink_metadata(file).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut reserved = tempfile::Builder::new().prefix(".ldtokens-").tempfile_in(folder)?;
    reserved.write_all(&[0; ROOM])?;
    reserved.as_file().sync_all()?;
    Ok(reserved)
}

fn into_file(mut reserved: NamedTempFile, file: &Path, secret: &Secret) -> Result<(), String> {
    let write = |reserved: &mut NamedTempFile| {
        reserved.rewind()?;
        reserved.write_all(secret.expose().as_bytes())?;
        reserved.as_file().set_len(secret.expose().len() as u64)?;
        reserved.as_file().sync_all()
    };
    write(&mut reserved).map_err(|error| format!("{}: {error}", file.display()))?;
    match reserved.persist_noclobber(file) {
        Ok(_) => Ok(()),
        Err(failed) => {
            let reason = format!("{}: {}", file.display(), failed.error);
            // It has the secret, which is nowhere else.
            match failed.file.keep() {
                Ok((_, kept)) => Err(format!("{reason}; it is in {}", kept.display())),
                Err(_) => Err(reason),
            }
        }
    }
}

fn to_command(command: &str, id: &str, secret: &Secret) -> Result<(), String> {
    let mut shell = shell(command);
    shell.env("LDTOKENS_TOKEN_ID", id).stdin(Stdio::piped()).stdout(io::stderr());
    let mut child = shell.spawn().map_err(|error| error.to_string())?;
    let written = child.stdin.take().expect("it is piped").write_all(secret.expose().as_bytes());
    let status = child.wait().map_err(|error| error.to_string())?;
    match (written, status.success()) {
        (_, false) => Err(format!("it ended with {status}")),
        (Err(error), true) => Err(format!("it did not read its standard input: {error}")),
        (Ok(()), true) => Ok(()),
    }
}
