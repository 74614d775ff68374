//! One way to write a file: locked from the preparation to the delivery, and replaced so that a reader finds the old contents
//! or the new, never a mixture.

mod access;
mod env;
mod locked;
mod staged;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ldtokens::Secret;
use serde::{Deserialize, Serialize};

pub(crate) use locked::LockedFile;
pub(crate) use staged::{FileLock, Staged, hash, remove_leftovers};

use crate::file::access::identity;

/// The maximum length of a secret, in bytes.
const MAX_LENGTH: usize = 4096;

/// The size of the largest file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// What a destination holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// No secret, and nothing that a delivery would destroy.
    Nothing,
    /// A secret.
    Secret(Secret),
    /// Something that is not a secret, described by these words.
    Other(String),
}

/// A file that holds a secret and at most a line end, or a variable in a file of `NAME=value` lines.
///
/// It is replaced atomically: a reader always finds the old contents or the new. Who could access it before can access it after, and
/// nobody else. A new file can only be read by its owner. A symbolic link is followed. A file that can't be replaced, as a mount point
/// or one with hard links, is written in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDestination {
    path: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variable: Option<String>,
    /// Whether to keep the old contents.
    #[serde(skip)]
    keeps_previous: bool,
}

impl FileDestination {
    /// Returns the file at `path` as a destination. A relative path is relative to the current folder.
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self { path, variable: None, keeps_previous: false }
    }

    /// Returns the variable `variable` in the file at `path`, of lines as Docker Compose, systemd, python-dotenv, node and bash read
    /// them. Its value is changed, or a line added if there is none. All else is kept. A file that its readers would read differently
    /// is refused.
    ///
    /// # Errors
    /// Why the name is not allowed.
    pub fn variable(path: impl AsRef<Path>, variable: impl Into<String>) -> Result<Self, String> {
        let variable = variable.into();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if variable.is_empty() || !variable.bytes().all(is_name) || variable.as_bytes()[0].is_ascii_digit() {
            return Err(
                "a variable's name consists of letters, digits and `_`, and does not start with a digit".to_owned()
            );
        }
        Ok(Self { variable: Some(variable), ..Self::new(path) })
    }

    /// Keeps the old contents in a file whose name ends in `.previous`. What that held may be replaced as what this one holds.
    #[must_use]
    pub fn keep_previous(self) -> Self {
        Self { keeps_previous: true, ..self }
    }

    /// What tells it from others: the file, whatever its name; its path without symbolic links; and the variable, if it is one.
    pub fn part(&self) -> (String, PathBuf, Option<&str>) {
        let path = self.resolved();
        let id = identity(path.metadata());
        (id.map_or_else(|| path.display().to_string(), |id| format!("{id:?}")), path, self.variable.as_deref())
    }

    /// Where the old contents go, if they are kept.
    pub(crate) fn previous(&self) -> Option<Self> {
        let mut path = self.resolved().into_os_string();
        path.push(".previous");
        self.keeps_previous.then(|| Self { path: path.into(), keeps_previous: false, ..self.clone() })
    }

    /// Whether it is a variable that is not there, or whose file is not. A delivery adds it.
    pub fn is_unset(&self) -> bool {
        let Some(variable) = &self.variable else { return false };
        // What can't be read is said when it is prepared.
        let read = resolved(&self.path).and_then(|path| read(&path));
        read.is_ok_and(|bytes| bytes.is_none_or(|bytes| matches!(env::value(&bytes, variable), Ok(None))))
    }

    /// Its path, without symbolic links as far as they can be followed.
    pub(crate) fn resolved(&self) -> PathBuf {
        resolved(&self.path).unwrap_or_else(|_| self.path.clone())
    }

    pub(crate) fn label(&self) -> String {
        match &self.variable {
            Some(variable) => format!("the variable {variable} in {}", self.path.display()),
            None => format!("the file {}", self.path.display()),
        }
    }

    /// What it holds now.
    ///
    /// # Errors
    /// Why it can't be read, or is no file that a secret can be in.
    pub fn read(&self) -> io::Result<Contents> {
        read(&resolved(&self.path)?)?.map_or(Ok(Contents::Nothing), |bytes| self.contents(&bytes))
    }

    /// The secrets that were written beside the file, but not moved there.
    pub(crate) fn leftovers(&self) -> Vec<Secret> {
        let read = |path: PathBuf| match self.contents(&read(&path).ok()??) {
            Ok(Contents::Secret(secret)) => Some(secret),
            _ => None,
        };
        staged::leftovers(&self.resolved()).into_iter().filter_map(read).collect()
    }

    fn contents(&self, bytes: &[u8]) -> io::Result<Contents> {
        let value = match &self.variable {
            Some(variable) => env::value(bytes, variable).map_err(io::Error::other)?.unwrap_or_default(),
            None => bytes.strip_suffix(line_end(bytes)).unwrap_or(bytes),
        };
        Ok(match std::str::from_utf8(value) {
            Ok("") => Contents::Nothing,
            Ok(text) if text.len() <= MAX_LENGTH && text.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Contents::Secret(Secret::new(text))
            }
            _ => Contents::Other("something other than a secret".to_owned()),
        })
    }

    /// Returns the file's contents with the secret in them.
    fn changed(&self, bytes: &[u8], secret: &Secret) -> io::Result<Vec<u8>> {
        let secret = secret.expose().as_bytes();
        match &self.variable {
            Some(variable) => env::with_value(bytes, variable, secret).map_err(io::Error::other),
            None => Ok([secret, line_end(bytes)].concat()),
        }
    }
}

fn line_end(contents: &[u8]) -> &[u8] {
    match contents {
        [.., b'\r', b'\n'] => b"\r\n",
        [.., b'\n'] => b"\n",
        _ => b"",
    }
}

/// What was found, if there is something.
pub(crate) fn existing<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// Reads a file, if it exists. It must be a regular file.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let Some(metadata) = existing(fs::metadata(path))? else { return Ok(None) };
    // A pipe would block, and what is written to a device may be discarded.
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if metadata.len() > LARGEST {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    let mut contents = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut contents)?;
    Ok(Some(contents))
}

/// Follows symbolic links.
pub(crate) fn resolved(path: &Path) -> io::Result<PathBuf> {
    if path.starts_with("/proc") || path.starts_with("/dev") && !path.starts_with("/dev/shm") {
        return Err(io::Error::other("it is not a regular file"));
    }
    let name = path.file_name().filter(|_| !path.as_os_str().as_encoded_bytes().ends_with(b"/"));
    let Some(name) = name else { return Err(io::Error::other("it is not the name of a file")) };
    match existing(fs::symlink_metadata(path))? {
        Some(metadata) if metadata.is_symlink() => fs::canonicalize(path)
            .map_err(|error| io::Error::new(error.kind(), format!("it is a link that leads nowhere: {error}"))),
        Some(_) => fs::canonicalize(path),
        None => Ok(fs::canonicalize(path.parent().unwrap_or(Path::new("/")))?.join(name)),
    }
}
