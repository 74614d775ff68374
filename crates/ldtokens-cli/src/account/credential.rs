//! Reads the credential from its source, which is never an argument.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ldtokens::{CREDENTIAL_VARIABLES, Secret};

use crate::account::config_file::ConfigFile;
use crate::files::{readable_by_everyone, reason, text};
use crate::terminal::{Failure, Kind, has_secret};

/// The owner's secret for a new store of `ldtokens serve`.
pub(crate) const ROOT_TOKEN: &str = "LDTOKENS_ROOT_TOKEN";

/// The variable that names the folder with a systemd service's credentials.
pub(crate) const MOUNTED_VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// The maximum size of a credential, in bytes.
pub(crate) const MAX_SIZE: u64 = 4096;

/// What is probably wrong with a credential of this form, if anything.
pub(crate) fn likely_mistake(secret: &str) -> Option<&'static str> {
    let name = secret.split_once('=').map(|(name, _)| name.trim_start_matches("export ").trim());
    let starts = |prefix: &str| secret.starts_with(prefix);
    let mistakes = [
        (name.is_some_and(is_variable_name), "it begins with a name, as in NAME=VALUE: give the value alone"),
        (secret.starts_with(['"', '\'']) || secret.ends_with(['"', '\'']), "it is in quotes: leave them out"),
        (
            secret.contains("://"),
            "it is a reference that nothing has resolved: use --token-command, as in 'op read op://Work/LaunchDarkly/token'",
        ),
        (starts("sdk-"), "it is an SDK key, and not the secret of an access token, which begins with api-"),
        (starts("mob-"), "it is a mobile key, and not the secret of an access token, which begins with api-"),
        (starts("$") || starts("{{") || starts("<"), "it is a placeholder that nothing has replaced"),
    ];
    mistakes.into_iter().find(|(is_so, _)| *is_so).map(|(_, what)| what)
}

pub(crate) fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|letter: char| letter.is_ascii_digit())
        && name.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
}

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
            Self::Command(command) => write!(f, "the command `{command}`"),
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
    pub(crate) fn take(&self) -> Result<Secret, Failure> {
        let unusable = |reason: &str| {
            Failure::new(Kind::NotAuthenticated, format!("can't read the credential from {self}: {reason}"))
        };
        let text = match self {
            Self::Variable(name) => {
                text::read(&*std::env::var_os(name).unwrap_or_default().into_encoded_bytes(), MAX_SIZE)
            }
            Self::File(path) => of_file(path),
            Self::Command(command) => of_command(command),
            Self::Stdin => text::read(text::take_stdin("the credential")?, MAX_SIZE),
            Self::Local => unreachable!("the local LaunchDarkly brings its own"),
        };
        match text.map_err(|reason| unusable(&reason))?.trim_end_matches(['\r', '\n']) {
            "" => Err(unusable("it is empty")),
            secret => Ok(Secret::new(secret)),
        }
    }
}

fn of_file(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| reason(&error))?;
    if readable_by_everyone(&file, path) {
        let path = path.display();
        return Err(format!(
            "everyone on this machine can read it: run `chmod o-r {path}`, or, if its mode can't be changed, use \
             --token-command 'cat {path}'; if someone may have read it, reset the token"
        ));
    }
    text::read(file, MAX_SIZE)
}

fn of_command(command: &str) -> Result<String, String> {
    let failed = |error: io::Error| error.to_string();
    // Its standard error stays the terminal: it may ask the user something.
    let mut child = shell(command).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    let text = text::read(child.stdout.take().expect("it is piped"), MAX_SIZE);
    match child.wait().map_err(failed)? {
        status if status.success() => text,
        status => Err(format!("it failed with {status}")),
    }
}

/// A shell that runs `command`, without the variables that are known to hold credentials or whose value looks like a secret.
pub(crate) fn shell(command: &str) -> Command {
    let mut shell = if cfg!(windows) { Command::new("cmd") } else { Command::new("sh") };
    shell.args([if cfg!(windows) { "/C" } else { "-c" }, command]);
    let config = ConfigFile::read().unwrap_or_default();
    let of_profiles = config.profiles.values().filter_map(|profile| profile.token_variable.as_deref());
    let known: Vec<&str> = CREDENTIAL_VARIABLES.iter().copied().chain([ROOT_TOKEN]).chain(of_profiles).collect();
    for (name, value) in std::env::vars_os() {
        if known.iter().any(|known| name == *known) || value.to_str().is_some_and(has_secret) {
            shell.env_remove(name);
        }
    }
    shell
}

#[cfg(test)]
mod tests {
    use super::likely_mistake;

    #[test]
    fn usual_mistakes_in_a_credential_are_recognized() {
        let secret = "api-0b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b";
        assert_eq!(likely_mistake(secret), None);
        for (text, words) in [
            (format!("\"{secret}\""), "quotes"),
            (format!("'{secret}'"), "quotes"),
            (format!("LD_ACCESS_TOKEN={secret}"), "NAME=VALUE"),
            (format!("export LD_ACCESS_TOKEN=\"{secret}\""), "NAME=VALUE"),
            (secret.replace("api", "sdk"), "SDK key"),
            (secret.replace("api", "mob"), "mobile key"),
            ("op://Work/LaunchDarkly/token".to_owned(), "reference"),
            ("${LD_TOKEN}".to_owned(), "placeholder"),
        ] {
            assert!(likely_mistake(&text).is_some_and(|likely_mistake| likely_mistake.contains(words)), "{text}");
        }
    }
}
