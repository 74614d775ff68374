//! Delivers a new secret to the terminal, to a file of its own, or to the standard input of a command, and to nothing else.

use std::fs;
use std::io::{self, IsTerminal, Read, Seek, Write};
use std::path::{Path, PathBuf};

use ldtokens::{Secret, TokenId};
use tempfile::NamedTempFile;

use crate::account::credential::shell;
use crate::arguments::{GlobalArgs, SecretArgs};
use crate::terminal::discard::{self, Discard};
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::output::field::Field;
use crate::terminal::output::format::Format;
use crate::terminal::output::printer::PrintArgs;
use crate::terminal::output::write;

/// A placeholder for the token's ID in a file name.
const ID: &str = "{id}";

/// How much disk space is reserved before a secret is requested, in bytes.
const ROOM: usize = 4096;

/// Where new secrets go.
#[derive(Debug)]
pub(crate) enum Destination {
    /// To standard output, as part of the printed token.
    Stdout,
    /// To standard output, and nothing else with it.
    Alone,
    File(PathBuf),
    Command(String),
}

impl Destination {
    /// The destination of `--secret-to` or `--secret-to-command`. `-` with a format other than table means the printed token.
    pub(crate) fn given(global: &GlobalArgs, arguments: &SecretArgs) -> Result<Option<Self>, Failure> {
        if let Some(command) = &arguments.secret_to_command {
            return Ok(Some(Self::Command(command.clone())));
        }
        let Some(file) = &arguments.secret_to else { return Ok(None) };
        if file.as_os_str() != "-" {
            return Ok(Some(Self::File(file.clone())));
        }
        if !global.dry_run && discard::of_stdout().is_some() {
            return Err(Failure::usage(
                "--secret-to -: standard output is closed or /dev/null, and the secret would be lost; give --secret-to FILE",
            ));
        }
        Ok(Some(if global.format()? == Format::Table { Self::Alone } else { Self::Stdout }))
    }

    /// The destination for an operation. Without one, the secret is printed as part of the response.
    pub(crate) fn for_scripts(global: &GlobalArgs, arguments: &SecretArgs) -> Result<Option<Self>, Failure> {
        let given = Self::given(global, arguments)?;
        if given.is_none() && !global.dry_run && discard::of_stdout() == Some(Discard::Closed) {
            return Err(Failure::usage(
                "standard output is closed, and the new secret would be lost; give --secret-to FILE",
            ));
        }
        Ok(given)
    }

    /// The destination for a verb. Without one, the secret is printed on a terminal, and never into a pipe.
    pub(crate) fn for_people(
        global: &GlobalArgs,
        arguments: &SecretArgs,
        printed: Option<&PrintArgs>,
    ) -> Result<Self, Failure> {
        let given = Self::given(global, arguments)?;
        let is_dry_run = global.dry_run;
        let is_printed = matches!(given, None | Some(Self::Stdout | Self::Alone)) && !is_dry_run;
        match given {
            _ if is_printed && !prints_secrets(global.format()?, printed) => Err(Failure::usage(
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
            Self::Alone if tokens > 1 => Err(Failure::usage(format!(
                "--secret-to -: {tokens} secrets alone don't say which token they belong to; add --output json, or give \
                 --secret-to '{ID}.secret'"
            ))),
            _ => Ok(()),
        }
    }

    /// Checks, before a secret is requested, that it can be delivered, as far as that can be known.
    pub(crate) fn prepare(&self, id: Option<&TokenId>) -> Result<Delivery, Failure> {
        Ok(match self {
            Self::Stdout => Delivery::Stdout,
            Self::Alone => Delivery::Alone,
            Self::Command(command) => Delivery::Command(command.clone()),
            Self::File(file) if id.is_none() && file.to_string_lossy().contains(ID) => {
                return Err(Failure::usage(format!(
                    "--secret-to: a new token has no ID before it is created, so {ID} can't be in the name"
                )));
            }
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
                        _ => &plain(&error),
                    };
                    Failure::usage(format!("--secret-to {}: {hint}", file.display()))
                })?;
                Delivery::File { reserved, file }
            }
        })
    }
}

/// Whether a printed token would include its whole secret. Some commands that deliver secrets print no tokens.
fn prints_secrets(format: Format, printed: Option<&PrintArgs>) -> bool {
    match printed {
        Some(PrintArgs { quiet: true, .. }) => false,
        Some(PrintArgs { columns: Some(fields), .. }) => format != Format::Table && fields.iter().any(Field::is_secret),
        _ => true,
    }
}

/// The prepared delivery of one secret.
pub(crate) enum Delivery {
    Stdout,
    Alone,
    File { reserved: NamedTempFile, file: PathBuf },
    Command(String),
}

impl Delivery {
    /// Whether the secret is printed as part of the token.
    pub(crate) fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout)
    }

    /// A sentence that says where the secret is after its delivery.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Stdout if io::stdout().is_terminal() => "Store the secret now: it is not shown again".to_owned(),
            Self::Stdout | Self::Alone => "Secret written to standard output".to_owned(),
            Self::File { file, .. } => format!("Secret written to {}", file.display()),
            Self::Command(_) => "Secret passed to the command".to_owned(),
        }
    }

    /// Delivers the secret of the token `id`, and prints the token with `print`, which returns whether standard output is
    /// still read. If the secret goes to standard output, `print` delivers it. `state` makes the error message if the
    /// delivery fails: the token's state, and how to recover. `done` is for the error if only the token can't be printed.
    pub(crate) fn hand_out(
        self,
        id: &str,
        secret: &Secret,
        print: impl FnOnce() -> Result<bool, Failure>,
        done: &str,
        state: impl Fn(&str) -> String,
    ) -> Result<(), Failure> {
        let lost = |reason: &str| Failure::new(Kind::SecretNotDelivered, state(reason));
        let printed = match self {
            Self::Stdout => print(),
            Self::Alone => write(&format!("{}\n", secret.expose())),
            other => {
                other.deliver(id, secret).map_err(|reason| lost(&reason))?;
                return print()
                    .map(|_| ())
                    .map_err(|failure| failure.after(format!("{done}, and its secret delivered")));
            }
        };
        match printed {
            Err(failure) => Err(lost(&failure.to_string())),
            Ok(false) => Err(lost("nobody reads standard output")),
            Ok(true) => Ok(()),
        }
    }

    /// Delivers the secret without a newline. If it was saved elsewhere, the error says where.
    fn deliver(self, id: &str, secret: &Secret) -> Result<(), String> {
        match self {
            Self::Stdout | Self::Alone => Ok(()),
            Self::File { reserved, file } => into_file(reserved, &file, secret),
            Self::Command(command) => {
                to_command(&command, id, secret).map_err(|error| format!("`{}`: {error}", command))
            }
        }
    }
}

/// Creates a file next to `file` that only its owner can read, with reserved space for a secret.
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
            // Keep the file: nothing else has the secret.
            match failed.file.keep() {
                Ok((_, kept)) => Err(format!("{reason}; it is in {}", kept.display())),
                Err(_) => Err(reason),
            }
        }
    }
}

/// The pipe's other end stays open here until the command has ended. So the write never fails, however soon it ends, and
/// what it left unread shows.
fn to_command(command: &str, id: &str, secret: &Secret) -> Result<(), String> {
    let (mut reader, mut writer) = io::pipe().map_err(|error| error.to_string())?;
    let given = reader.try_clone().map_err(|error| error.to_string())?;
    let mut shell = shell(command);
    shell.env("LDTOKENS_TOKEN_ID", id).stdin(given).stdout(io::stderr());
    let child = shell.spawn();
    // It holds the end that the command was given.
    drop(shell);
    let mut child = child.map_err(|error| error.to_string())?;
    let written = writer.write_all(secret.expose().as_bytes());
    drop(writer);
    let status = child.wait().map_err(|error| error.to_string())?;
    let mut unread = Vec::new();
    let left = reader.read_to_end(&mut unread);
    match (written.and(left), status.success()) {
        (_, false) => Err(format!("it ended with {status}")),
        (Err(error), true) => Err(error.to_string()),
        (Ok(0), true) => Ok(()),
        (Ok(_), true) => Err("it did not read all of its standard input".to_owned()),
    }
}

/// The error message without the name of the temporary file.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" at path ").map_or(text.as_str(), |(reason, _)| reason).to_owned()
}
