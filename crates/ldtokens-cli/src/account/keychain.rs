//! Password managers. Each gets the secret on standard input, never as an argument.

use std::io::Write;
use std::process::{Command, Stdio};

use ldtokens::Secret;
use serde_json::json;

use crate::terminal::failure::Failure;

/// A password manager.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Keychain {
    SecretTool,
    Security,
    Pass,
    OnePassword,
}

impl Keychain {
    /// All of them. The first one that is installed is the default.
    pub(crate) const ALL: [Self; 4] = [Self::Security, Self::SecretTool, Self::Pass, Self::OnePassword];

    /// The one with this name, or the first one that is installed.
    pub(crate) fn chosen(name: Option<&str>) -> Result<Self, Failure> {
        let found = match name {
            Some(name) => Self::ALL.into_iter().find(|known| known.program() == name),
            None => Self::ALL.into_iter().find(|known| is_installed(known.program())),
        };
        match found {
            Some(known) if is_installed(known.program()) => Ok(known),
            Some(known) => Err(Failure::usage(format!("--with {0}: {0} is not installed", known.program()))),
            None => Err(Failure::usage(
                "no password manager is installed: install secret-tool, pass or op, or create a profile with \
                 `ldtokens config set`",
            )),
        }
    }

    /// The program's name.
    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::SecretTool => "secret-tool",
            Self::Security => "security",
            Self::Pass => "pass",
            Self::OnePassword => "op",
        }
    }

    /// The command that prints the secret stored under this name.
    pub(crate) fn lookup(self, name: &str) -> String {
        match self {
            Self::SecretTool => format!("secret-tool lookup service ldtokens account {name}"),
            Self::Security => format!("security find-generic-password -s ldtokens -a {name} -w"),
            Self::Pass => format!("pass show ldtokens/{name}"),
            Self::OnePassword => format!("op item get ldtokens-{name} --fields label=password --reveal"),
        }
    }

    /// Stores the secret under this name, and replaces an older one.
    pub(crate) fn store(self, name: &str, secret: &Secret) -> Result<(), Failure> {
        let failed = |reason: String| Failure::other(format!("{} did not store the secret: {reason}", self.program()));
        if secret.expose().contains(['"', '\'', '\\', '\n', ' ']) {
            return Err(failed("it contains characters that a secret can't have".to_owned()));
        }
        let (arguments, input) = match self {
            Self::SecretTool => {
                let label = format!("--label=ldtokens {name}");
                (
                    vec!["store".to_owned(), label, "service".into(), "ldtokens".into(), "account".into(), name.into()],
                    secret.expose().to_owned(),
                )
            }
            // It reads commands from standard input, so that other users can't see their arguments.
            Self::Security => (
                vec!["-i".to_owned()],
                format!("add-generic-password -U -s ldtokens -a \"{name}\" -w \"{}\"\n", secret.expose()),
            ),
            Self::Pass => (
                ["insert", "--multiline", "--force", &format!("ldtokens/{name}")].map(str::to_owned).to_vec(),
                format!("{}\n", secret.expose()),
            ),
            Self::OnePassword => {
                let field = json!({
                    "id": "password", "type": "CONCEALED", "purpose": "PASSWORD", "label": "password", "value": secret.expose()
                });
                let item = json!({ "title": format!("ldtokens-{name}"), "category": "PASSWORD", "fields": [field] });
                (["item", "create", "-"].map(str::to_owned).to_vec(), item.to_string())
            }
        };
        let mut child = Command::new(self.program())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let written = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
        let status = child.wait().map_err(|error| failed(error.to_string()))?;
        if !status.success() {
            return Err(failed(format!("it failed with {status}")));
        }
        written.map_err(|error| failed(error.to_string()))
    }
}

/// Whether a program with this name is in `PATH`.
fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = [program.to_owned(), format!("{program}{}", std::env::consts::EXE_SUFFIX)];
    std::env::split_paths(&path).any(|folder| names.iter().any(|name| folder.join(name).is_file()))
}
