use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use ldtokens::Secret;

use crate::destination::{Destination, Metadata};

/// Which of a GitHub Actions job's files the secret is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GithubFile {
    /// `$GITHUB_OUTPUT`: an output of the step.
    Output,
    /// `$GITHUB_ENV`: a variable of the steps that follow.
    Env,
}

impl GithubFile {
    /// The environment variable that says where the file is.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Output => "GITHUB_OUTPUT",
            Self::Env => "GITHUB_ENV",
        }
    }
}

/// A job of GitHub Actions. The secret is masked in the job's log, by a line on standard error, before anything else is done with
/// it.
#[derive(Clone, Debug)]
pub struct GithubDestination {
    kind: GithubFile,
    file: PathBuf,
    name: String,
}

impl GithubDestination {
    /// Returns the output or variable `name`, in the job's file at `file`.
    ///
    /// # Errors
    /// Why the name is not allowed.
    pub fn new(kind: GithubFile, file: impl Into<PathBuf>, name: impl Into<String>) -> Result<Self, String> {
        let name = name.into();
        let is_name =
            |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' && kind == GithubFile::Output;
        let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if !starts_well || !name.bytes().all(is_name) {
            return Err(format!("`{name}` is not a name that GitHub accepts there"));
        }
        let upper = name.to_ascii_uppercase();
        let is_reserved = ["GITHUB_", "RUNNER_"].iter().any(|prefix| upper.starts_with(prefix));
        if kind == GithubFile::Env && (is_reserved || upper == "NODE_OPTIONS") {
            return Err(format!("GitHub does not let a job set {name}"));
        }
        Ok(Self { kind, file: file.into(), name })
    }

    fn open(&self) -> Result<File, String> {
        let open = OpenOptions::new().append(true).open(&self.file);
        open.map_err(|error| format!("{} can't be written: {error}", self.file.display()))
    }
}

/// Hides the secret in the job's log. The runner reads this on standard error too, and standard output may go elsewhere.
pub(crate) fn mask(secret: &Secret) -> Result<(), String> {
    writeln!(io::stderr(), "::add-mask::{}", secret.expose())
        .map_err(|error| format!("the secret can't be masked, so it was not written: {error}"))
}

impl Destination for GithubDestination {
    fn label(&self) -> String {
        format!("{} in {}, the file {}", self.name, self.kind.variable(), self.file.display())
    }

    fn is_ephemeral(&self) -> bool {
        true
    }

    fn check(&self) -> Result<(), String> {
        self.open().map(drop)
    }

    fn deliver(&self, secret: &Secret, _: &Metadata) -> Result<(), String> {
        let mut file = self.open()?;
        mask(secret)?;
        let written = file.write_all(format!("{}={}\n", self.name, secret.expose()).as_bytes());
        written.and_then(|()| file.sync_all()).map_err(|error| error.to_string())
    }
}
