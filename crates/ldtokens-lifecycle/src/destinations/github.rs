use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;

use crate::destination::{Destination, Prepared};

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

/// A job of GitHub Actions. The secret is masked in the job's log before anything else is done with it.
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
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if !is_name {
            return Err("a name consists of letters, digits, `_` and `-`".to_owned());
        }
        Ok(Self { kind, file: file.into(), name })
    }
}

impl Destination for GithubDestination {
    fn label(&self) -> String {
        format!("{} in {}", self.name, self.kind.variable())
    }

    fn prepare(&self) -> Result<Prepared, String> {
        let open = OpenOptions::new().append(true).open(&self.file);
        let mut file = open.map_err(|error| format!("{} can't be written: {error}", self.file.display()))?;
        let name = self.name.clone();
        Ok(Box::new(move |secret, _| {
            let mut out = io::stdout().lock();
            writeln!(out, "::add-mask::{}", secret.expose())
                .and_then(|()| out.flush())
                .map_err(|error| format!("the secret can't be masked, so it was not written: {error}"))?;
            file.write_all(format!("{name}={}\n", secret.expose()).as_bytes())
                .and_then(|()| file.sync_all())
                .map_err(|error| error.to_string())
        }))
    }
}
