//! Where the credential comes from, and taking it from there. Never from an argument.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ldtokens::{CREDENTIAL_VARIABLES, Secret};

use crate::config_file::ConfigFile;
use crate::failure::{Failure, Kind};
use crate::private::readable_by_others;
use crate::redact::has_secret;
use crate::serve::ROOT_TOKEN;
use crate::stdin;

/// More than a secret has, in bytes.
const LONGEST: u64 = 4096;

/// A place that a credential comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    Variable(String),
    File(PathBuf),
    Command(String),
    Stdin,
    /// The embedded local LaunchDarkly's own.
    Local,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Command(command) => write!(f, "the command `{}`", command),
            Self::Stdin => f.write_str("standard input"),
            Self::Local => f.write_str("the embedded local LaunchDarkly"),
        }
    }
}

impl Source {
    /// Takes the credential from there.
    pub(crate) fn take(&self) -> Result<Secret, Failure> {
        let bytes = match self {
            Self::Variable(name) => std::env::var_os(name).unwrap_or_default().into_encoded_bytes(),
            Self::File(path) => of_file(path)?,
            Self::Command(command) => of_command(command)?,
            Self::Stdin => self.at_most(stdin::take("the credential")?)?,
            Self::Local => unreachable!("the local LaunchDarkly brings its own"),
        };
        let text = String::from_utf8(bytes).map_err(|_| self.unusable("what is there is not UTF-8"))?;
        let secret = Secret::new(text.trim_end_matches(['\r', '\n']));
        match secret.expose() {
            "" => Err(self.unusable("nothing is there")),
            _ => Ok(secret),
        }
    }

    fn at_most(&self, from: impl Read) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        from.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| self.unusable(&error.to_string()))?;
        if bytes.len() as u64 > LONGEST {
            return Err(self.unusable("it is longer than any secret"));
        }
        Ok(bytes)
    }

    fn unusable(&self, reason: &str) -> Failure {
        Failure::new(Kind::NotAuthenticated, format!("the credential can't be taken from {self}: {reason}"))
    }
}

fn of_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let source = Source::File(path.to_owned());
    let failed = |error: std::io::Error| source.unusable(&error.to_string());
    let file = File::open(path).map_err(failed)?;
    if readable_by_others(&file).map_err(failed)? {
        return Err(source.unusable("others can read it: chmod 600 it, and reset the token if someone may have"));
    }
    source.at_most(file)
}

fn of_command(command: &str) -> Result<Vec<u8>, Failure> {
    let source = Source::Command(command.to_owned());
    let failed = |error: std::io::Error| source.unusable(&error.to_string());
    // It may ask on the terminal; what it says there is for the user to see.
    let mut child = shell(command).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    let bytes = source.at_most(child.stdout.take().expect("it is piped"));
    let status = child.wait().map_err(failed)?;
    if !status.success() {
        return Err(source.unusable(&format!("it ended with {status}")));
    }
    bytes
}

/// The shell at `command`, without the credentials that our environment may hold: by the variables' names, by those that
/// profiles name, and by what is in them.
pub(crate) fn shell(command: &str) -> Command {
    let mut shell = if cfg!(windows) { Command::new("cmd") } else { Command::new("sh") };
    shell.args([if cfg!(windows) { "/C" } else { "-c" }, command]);
    let profiles = ConfigFile::read().unwrap_or_default().profiles;
    let of_profiles: Vec<_> = profiles.into_values().filter_map(|profile| profile.token_variable).collect();
    for (name, value) in std::env::vars_os() {
        let is_known = name.to_str().is_some_and(|name| {
            CREDENTIAL_VARIABLES.contains(&name) || name == ROOT_TOKEN || of_profiles.iter().any(|known| known == name)
        });
        if is_known || value.to_str().is_some_and(has_secret) {
            shell.env_remove(name);
        }
    }
    shell
}
