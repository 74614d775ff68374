//! Reads the secrets that a command is about, from files, standard input or other text. They are never arguments, and are not
//! the command's credential.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use ldtokens::Secret;
use ldtokens_lifecycle::Scan;

use crate::account::{MAX_SIZE, Session};
use crate::files::{readable_by_everyone, text};
use crate::terminal::{Failure, Kind, say};

/// Means standard input instead of a file.
const STDIN: &str = "-";

const INPUT: &str = "standard input";

/// The secrets that were found.
#[derive(Default)]
pub(crate) struct Given {
    /// All secrets: one per line from `--secret-from`, and those found by `--scan`.
    pub(crate) secrets: Vec<Secret>,
    /// What `--scan` found, and, with the file's name, what it could not search.
    pub(crate) scan: Scan,
}

impl Given {
    /// The failure if something could not be searched: a secret may be in it.
    pub(crate) fn all_searched(&self) -> Result<(), Failure> {
        match &self.scan.unsearched[..] {
            [] => Ok(()),
            unsearched => Err(Failure::new(
                Kind::PartialFailure,
                format!("not all was searched: {}; decompress it and scan that", unsearched.join("; ")),
            )),
        }
    }
}

/// Reads the secrets of `--secret-from` and `--scan`, or else of standard input.
pub(crate) async fn several(secret_from: &[PathBuf], scan: &[PathBuf], session: &Session) -> Result<Given, Failure> {
    if secret_from.is_empty() && scan.is_empty() {
        let question = "Secrets, one per line, then Ctrl-D (not shown): ";
        let text = session.interrupt.typed_or_piped(question, of_stdin).await??;
        return Ok(Given { secrets: lines(INPUT, &text)?, ..Given::default() });
    }
    let (secret_from, scan) = (secret_from.to_vec(), scan.to_vec());
    session.interrupt.blocking(move || of_files(&secret_from, &scan)).await?
}

fn of_files(secret_from: &[PathBuf], scan: &[PathBuf]) -> Result<Given, Failure> {
    let mut given = Given::default();
    for file in secret_from {
        given.secrets.extend(match file.as_os_str() == STDIN {
            true => lines(INPUT, &of_stdin()?)?,
            false => lines(&file.display().to_string(), &of_file(file, u64::MAX)?.0)?,
        });
    }
    for file in scan {
        let failed = |error: io::Error| Failure::usage(format!("--scan {}: {error}", file.display()));
        let (before, is_input) = (given.scan.unsearched.len(), file.as_os_str() == STDIN);
        let name = if is_input { INPUT.into() } else { file.to_string_lossy() };
        match is_input {
            true => given.scan.read(text::take_stdin("the text to scan")?),
            false => File::open(file).and_then(|file| given.scan.read(file)),
        }
        .map_err(failed)?;
        given.scan.unsearched[before..].iter_mut().for_each(|what| *what = format!("{name}: {what}"));
    }
    given.secrets.extend(given.scan.secrets.iter().cloned());
    Ok(given)
}

/// Reads the secret of `--secret-from`, or else of standard input.
pub(crate) async fn one(secret_from: Option<&Path>, session: &Session) -> Result<Secret, Failure> {
    let (name, text) = match secret_from.filter(|file| file.as_os_str() != STDIN) {
        Some(file) => {
            let (name, path) = (file.display().to_string(), file.to_owned());
            let (text, is_readable) = session.interrupt.blocking(move || of_file(&path, MAX_SIZE)).await??;
            if is_readable {
                say::warning(&format!("everyone on this machine can read {name}: run `chmod o-r {name}`"));
            }
            (name, text)
        }
        None => {
            let question = "Secret, then Enter and Ctrl-D (not shown): ";
            (INPUT.to_owned(), session.interrupt.typed_or_piped(question, of_stdin).await??)
        }
    };
    match &lines(&name, &text)?[..] {
        [secret] => Ok(secret.clone()),
        several => Err(Failure::usage(format!("{name}: it contains {} lines instead of one secret", several.len()))),
    }
}

/// Reads a file of at most `longest` bytes. Returns also whether everyone can read it.
fn of_file(path: &Path, longest: u64) -> Result<(String, bool), Failure> {
    let failed = |reason: &str| Failure::usage(format!("{}: {reason}", path.display()));
    let file = File::open(path).map_err(|error| failed(&error.to_string()))?;
    let is_readable = readable_by_everyone(&file, path);
    Ok((text::read(file, longest).map_err(|reason| failed(&reason))?, is_readable))
}

fn of_stdin() -> Result<String, Failure> {
    text::of_stdin("the secrets")
}

/// Reads one secret per line, and at least one: the program that was to print it may have failed. An error never repeats a line.
fn lines(name: &str, text: &str) -> Result<Vec<Secret>, Failure> {
    let mut secrets = Vec::new();
    for (number, line) in text.lines().enumerate() {
        match line.trim() {
            "" => {}
            line if line.contains(char::is_whitespace) => {
                return Err(Failure::usage(format!(
                    "{name}: line {} has more in it than a secret; nothing was done. `ldtokens revoke --scan FILE` finds \
                     secrets in text",
                    number + 1
                )));
            }
            line => secrets.push(Secret::new(line)),
        }
    }
    if secrets.is_empty() {
        return Err(Failure::usage(format!("{name}: it contains no secret; nothing was done")));
    }
    Ok(secrets)
}
