//! Password managers. Each gets the secret on standard input, never as an argument.

use std::io::Write;
use std::process::{Command, Stdio};

use ldtokens::Secret;

use crate::terminal::Failure;

/// A password manager. {name} is the name of an entry, and {secret} what it holds. Neither has quotes, blanks or backslashes,
/// and the name has no braces either.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keychain {
    pub(crate) program: &'static str,
    /// The command that prints the secret.
    lookup: &'static str,
    /// The arguments that store the secret, and replace an older one.
    store: &'static [&'static str],
    /// What it reads then.
    input: &'static str,
}

impl Keychain {
    /// All of them. The first one that is installed is the default.
    pub(crate) const ALL: [Self; 4] = [
        Self {
            program: "security",
            lookup: "security find-generic-password -s ldtokens -a {name} -w",
            // It reads commands from standard input, so that other users can't see their arguments.
            store: &["-i"],
            input: "add-generic-password -U -s ldtokens -a \"{name}\" -w \"{secret}\"\n",
        },
        Self {
            program: "secret-tool",
            lookup: "secret-tool lookup service ldtokens account {name}",
            store: &["store", "--label=ldtokens {name}", "service", "ldtokens", "account", "{name}"],
            input: "{secret}",
        },
        Self {
            program: "pass",
            lookup: "pass show ldtokens/{name}",
            store: &["insert", "--multiline", "--force", "ldtokens/{name}"],
            input: "{secret}\n",
        },
        Self {
            program: "op",
            lookup: "op item get ldtokens-{name} --fields label=password --reveal",
            store: &["item", "create", "-"],
            input: r#"{"title":"ldtokens-{name}","category":"PASSWORD","fields":[{"id":"password","type":"CONCEALED","purpose":"PASSWORD","label":"password","value":"{secret}"}]}"#,
        },
    ];

    /// The one with this name, or the first one that is installed.
    pub(crate) fn chosen(name: Option<&str>) -> Result<Self, Failure> {
        let is_meant = |known: &Self| name.map_or_else(|| is_installed(known.program), |name| known.program == name);
        match Self::ALL.into_iter().find(is_meant) {
            Some(known) if is_installed(known.program) => Ok(known),
            Some(known) => Err(Failure::usage(format!("--with {0}: {0} is not installed", known.program))),
            None => Err(Failure::usage(
                "no password manager is installed: install secret-tool, pass or op, or create a profile with \
                 `ldtokens config set`",
            )),
        }
    }

    /// The command that prints the secret stored under this name.
    pub(crate) fn lookup(self, name: &str) -> String {
        self.lookup.replace("{name}", name)
    }

    /// Stores the secret under this name, and replaces an older one.
    pub(crate) fn store(self, name: &str, secret: &Secret) -> Result<(), Failure> {
        let failed = |reason: String| Failure::other(format!("{} did not store the secret: {reason}", self.program));
        let io = |error: std::io::Error| failed(error.to_string());
        if secret.expose().contains(['"', '\'', '\\', '\n', ' ']) {
            return Err(failed("it contains characters that a secret can't have".to_owned()));
        }
        let mut child = Command::new(self.program)
            .args(self.store.iter().map(|argument| argument.replace("{name}", name)))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(io)?;
        let input = self.input.replace("{name}", name).replace("{secret}", secret.expose());
        let written = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
        match child.wait().map_err(io)? {
            status if status.success() => written.map_err(io),
            status => Err(failed(format!("it failed with {status}"))),
        }
    }
}

/// Whether a program with this name is in `PATH`.
fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = [program.to_owned(), format!("{program}{}", std::env::consts::EXE_SUFFIX)];
    std::env::split_paths(&path).any(|folder| names.iter().any(|name| folder.join(name).is_file()))
}
