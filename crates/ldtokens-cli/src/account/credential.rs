//! Reads the credential from its source, which is never an argument.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ldtokens::{CREDENTIAL_VARIABLES, Secret};

use crate::account::config_file::ConfigFile;
use crate::files::text::{decode, take_stdin};
use crate::files::{readable_by_everyone, reason};
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::redact::has_secret;

/// The owner's secret for a new store of `ldtokens serve`.
pub(crate) const ROOT_TOKEN: &str = "LDTOKENS_ROOT_TOKEN";

/// The variable that names the folder with a systemd service's credentials.
pub(crate) const MOUNTED_VARIABLE: &str = "CREDENTIALS_DIRECTORY";

const MAX_SIZE: u64 = 4096; // bytes

/// What is probably wrong with a credential of this form, if anything.
pub(crate) fn likely_mistake(secret: &str) -> Option<&'static str> {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
    let name = secret.split_once('=').map(|(name, _)| name.trim_start_matches("export ").trim());
    let starts = |prefix: &str| secret.starts_with(prefix);
    let mistakes = [
        (name.is_some_and(is_name), "it begins with a name, as in NAME=VALUE: give the value alone"),
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
        let bytes = match self {
            Self::Variable(name) => std::env::var_os(name).unwrap_or_default().into_encoded_bytes(),
            Self::File(path) => self.of_file(path)?,
            Self::Command(command) => self.of_command(command)?,
            Self::Stdin => self.at_most(take_stdin("the credential")?)?,
            Self::Local => unreachable!("the local LaunchDarkly brings its own"),
        };
        let text = decode(bytes).map_err(|reason| self.unusable(reason))?;
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(self.unusable("it is empty")),
            secret => Ok(Secret::new(secret)),
        }
    }

    fn of_file(&self, path: &Path) -> Result<Vec<u8>, Failure> {
        let failed = |error: io::Error| self.unusable(&reason(&error));
        let file = File::open(path).map_err(failed)?;
        if readable_by_everyone(&file, path).map_err(failed)? {
            let path = path.display();
            return Err(self.unusable(&format!(
                "everyone on this machine can read it: run `chmod o-r {path}`, or, if its mode can't be changed, use \
                 --token-command 'cat {path}'; if someone may have read it, reset the token"
            )));
        }
        self.at_most(file)
    }

    fn of_command(&self, command: &str) -> Result<Vec<u8>, Failure> {
        let failed = |error: io::Error| self.unusable(&error.to_string());
        // Its standard error stays the terminal: it may ask the user something.
        let mut child = shell(command).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let bytes = self.at_most(child.stdout.take().expect("it is piped"));
        match child.wait().map_err(failed)? {
            status if status.success() => bytes,
            status => Err(self.unusable(&format!("it failed with {status}"))),
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

/// A shell that runs `command`, without the environment variables that hold credentials: those with known names, those that
/// profiles name, and those whose value looks like a secret.
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
