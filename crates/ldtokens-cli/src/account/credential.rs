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

/// What is odd about the credential's form.
static ODDITY: OnceLock<&str> = OnceLock::new();

/// The host in use, or what stands for it.
pub(crate) fn host() -> &'static str {
    IN_USE.get().map_or("this host", |(_, host)| host)
}

/// What is probably wrong with a credential of this form, if anything.
fn oddity(secret: &str) -> Option<&'static str> {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
    let starts = |prefix: &str| secret.starts_with(prefix);
    if secret.split_once('=').is_some_and(|(name, _)| is_name(name.trim_start_matches("export ").trim())) {
        Some("it begins with a name, as in NAME=VALUE: give the value alone")
    } else if starts("\"") || starts("'") || secret.ends_with(['"', '\'']) {
        Some("it is in quotes: leave them out")
    } else if secret.contains("://") {
        Some(
            "it is a reference that nothing has resolved: use --token-command, as in 'op read op://Work/LaunchDarkly/token'",
        )
    } else if starts("sdk-") {
        Some("it is an SDK key, and not the secret of an access token, which begins with api-")
    } else if starts("mob-") {
        Some("it is a mobile key, and not the secret of an access token, which begins with api-")
    } else if starts("$") || starts("{{") || starts("<") {
        Some("it is a placeholder that nothing has replaced")
    } else {
        None
    }
}

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
    if let Some(oddity) = ODDITY.get() {
        return format!("look at {source}: {oddity}");
    }
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
        if let Some(oddity) = oddity(secret.expose()) {
            let _ = ODDITY.set(oddity);
        }
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
    if readable_by_everyone(&file, path).map_err(failed)? {
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

#[cfg(test)]
mod tests {
    use super::oddity;

    #[test]
    fn usual_mistakes_in_a_credential_are_recognized() {
        let secret = "api-0b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b";
        assert_eq!(oddity(secret), None);
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
            assert!(oddity(&text).is_some_and(|oddity| oddity.contains(words)), "{text}");
        }
    }
}
