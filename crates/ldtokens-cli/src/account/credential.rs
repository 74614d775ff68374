//! Reads the credential from its source, which is never an argument.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use ldtokens::{CREDENTIAL_VARIABLES, Secret};

use crate::account::config_file::ConfigFile;
use crate::account::environment::ROOT_TOKEN;
use crate::files::private::{readable_by_everyone, reason};
use crate::files::stdin;
use crate::files::text::decode;
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::redact::has_secret;

/// The variable that names the folder with a systemd service's credentials.
pub(crate) const MOUNTED_VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// The maximum size of a credential, in bytes.
const MAX_SIZE: u64 = 4096;

/// The source of the credential in use, and the host.
static IN_USE: OnceLock<(Source, String)> = OnceLock::new();

/// Stores the source and the host for [`advice`].
pub(crate) fn remember(source: &Source, host: &str) {
    let _ = IN_USE.set((source.clone(), host.to_owned()));
}

/// What to do if the credential was rejected.
pub(crate) fn advice() -> String {
    let config = "`ldtokens config` shows which account is used";
    let Some((source, host)) = IN_USE.get() else {
        return format!(
            "set LD_ACCESS_TOKEN to a secret that works on this host, or use another host with --host; {config}"
        );
    };
    let what = format!("a secret that works on {host}");
    let todo = match source {
        Source::Variable(name) => format!("set {name} to {what}"),
        Source::File(path) => format!("put {what} into {}", path.display()),
        Source::Command(command) => format!("make the command `{command}` print {what}"),
        Source::Stdin => format!("give {what} on standard input"),
        Source::Local => "it was the credential of the local LaunchDarkly".to_owned(),
    };
    format!("{todo}, or use another host with --host; {config}")
}

/// The source of a credential.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    Variable(String),
    File(PathBuf),
    Command(String),
    Stdin,
    /// The embedded local LaunchDarkly, which has its own credential.
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

/// The file of systemd's `LoadCredential=ldtokens:PATH`, if it exists.
pub(crate) fn mounted() -> Option<Source> {
    let folder = std::env::var_os(MOUNTED_VARIABLE).filter(|folder| !folder.is_empty())?;
    let file = Path::new(&folder).join("ldtokens");
    file.exists().then_some(Source::File(file))
}

impl Source {
    /// Reads the credential.
    pub(crate) fn take(&self) -> Result<Secret, Failure> {
        let bytes = match self {
            Self::Variable(name) => std::env::var_os(name).unwrap_or_default().into_encoded_bytes(),
            Self::File(path) => of_file(path)?,
            Self::Command(command) => of_command(command)?,
            Self::Stdin => self.at_most(stdin::take("the credential")?)?,
            Self::Local => unreachable!("the local LaunchDarkly brings its own"),
        };
        let text = decode(bytes).map_err(|reason| self.unusable(reason))?;
        let secret = Secret::new(text.trim_end_matches(['\r', '\n']));
        match secret.expose() {
            "" => Err(self.unusable("it is empty")),
            _ => Ok(secret),
        }
    }

    fn at_most(&self, from: impl Read) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        from.take(MAX_SIZE + 1).read_to_end(&mut bytes).map_err(|error| self.unusable(&error.to_string()))?;
        if bytes.len() as u64 > MAX_SIZE {
            return Err(self.unusable(&format!("it is longer than {MAX_SIZE} bytes")));
        }
        Ok(bytes)
    }

    fn unusable(&self, reason: &str) -> Failure {
        Failure::new(Kind::NotAuthenticated, format!("can't read the credential from {self}: {reason}"))
    }
}

fn of_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let source = Source::File(path.to_owned());
    let failed = |error: std::io::Error| source.unusable(&reason(&error));
    let file = File::open(path).map_err(failed)?;
    if readable_by_everyone(&file).map_err(failed)? {
        let path = path.display();
        return Err(source.unusable(&format!(
            "everyone on this machine can read it: run `chmod o-r {path}`, or, if its mode can't be changed, use \
             --token-command 'cat {path}'; if someone may have read it, reset the token"
        )));
    }
    source.at_most(file)
}

fn of_command(command: &str) -> Result<Vec<u8>, Failure> {
    let source = Source::Command(command.to_owned());
    let failed = |error: std::io::Error| source.unusable(&error.to_string());
    // Its standard error stays the terminal: it may ask the user something.
    let mut child = shell(command).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    let bytes = source.at_most(child.stdout.take().expect("it is piped"));
    let status = child.wait().map_err(failed)?;
    if !status.success() {
        return Err(source.unusable(&format!("it failed with {status}")));
    }
    bytes
}

/// A shell that runs `command`, without the environment variables that hold credentials: those with known names, those that
/// profiles name, and those whose value looks like a secret.
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
