use std::path::{Path, PathBuf};

use ldtokens::Secret;
use serde::{Deserialize, Serialize};

use crate::access::identity;
use crate::destination::{Contents, Destination, Prepared};
use crate::file::{LockedFile, env, leftovers, read, remove_leftovers, resolved};

/// The maximum length of a secret, in bytes.
const MAX_LENGTH: usize = 4096;

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
    pub(crate) keeps_previous: bool,
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

    /// Keeps the old contents in a file whose name ends in `.previous`.
    #[must_use]
    pub fn keep_previous(self) -> Self {
        Self { keeps_previous: true, ..self }
    }

    /// The file's absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What tells the file from others, whatever its name. None if it does not exist, or the system does not say.
    pub fn identity(&self) -> Option<(u64, u64)> {
        identity(&resolved(&self.path).ok()?.metadata().ok()?)
    }

    /// What tells it from others: the file, whatever its name, and the variable, if it is one.
    pub fn part(&self) -> (String, Option<&str>) {
        let path = || resolved(&self.path).unwrap_or_else(|_| self.path.clone());
        let file = self.identity().map_or_else(|| path().display().to_string(), |id| format!("{id:?}"));
        (file, self.variable.as_deref())
    }

    /// Whether it is all of the file.
    pub fn is_whole(&self) -> bool {
        self.variable.is_none()
    }

    /// Whether it is a variable that is not there, or whose file is not. A delivery adds it.
    pub fn is_unset(&self) -> bool {
        let Some(variable) = &self.variable else { return false };
        match resolved(&self.path).and_then(|path| read(&path)) {
            Ok(Some(bytes)) => matches!(env::value(&bytes, variable), Ok(None)),
            Ok(None) => true,
            // That is said when it is prepared.
            Err(_) => false,
        }
    }

    /// Whether the other is part of the same file, maybe under another name of it.
    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        match (resolved(&self.path), resolved(&other.path)) {
            (Ok(one), Ok(two)) => one == two || self.identity().is_some_and(|id| Some(id) == other.identity()),
            _ => self.path == other.path,
        }
    }

    /// Prepares the delivery to parts of one file.
    pub(crate) fn prepare_all(parts: Vec<Self>) -> Result<Prepared, String> {
        if parts.iter().any(|part| part.is_whole() != parts[0].is_whole()) {
            return Err("it can't hold a secret and variables too".to_owned());
        }
        let locked = LockedFile::prepare(parts)?;
        let note = locked.note();
        let mut prepared = Prepared::new(move |secret, _| locked.write(secret));
        prepared.note = note;
        Ok(prepared)
    }

    /// The secrets that were written beside the file but not moved there, because the program was killed.
    pub(crate) fn leftovers(&self) -> Vec<Secret> {
        let Ok(path) = resolved(&self.path) else { return Vec::new() };
        let read = |path: PathBuf| match self.contents(&read(&path).ok()??) {
            Ok(Contents::Secret(secret)) => Some(secret),
            _ => None,
        };
        leftovers(&path).into_iter().filter_map(read).collect()
    }

    /// Removes what killed processes left beside the file. It must be locked, and hold the new secret.
    pub(crate) fn remove_leftovers(&self) {
        if let Ok(path) = resolved(&self.path) {
            remove_leftovers(&path);
        }
    }

    fn contents(&self, bytes: &[u8]) -> Result<Contents, String> {
        let value = match &self.variable {
            Some(variable) => match env::value(bytes, variable)? {
                Some(value) => value,
                None => return Ok(Contents::Nothing),
            },
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
    pub(crate) fn changed(&self, bytes: &[u8], secret: &Secret) -> Result<Vec<u8>, String> {
        let secret = secret.expose().as_bytes();
        match &self.variable {
            Some(variable) => env::with_value(bytes, variable, secret),
            None => Ok([secret, line_end(bytes)].concat()),
        }
    }
}

impl Destination for FileDestination {
    fn label(&self) -> String {
        match &self.variable {
            Some(variable) => format!("the variable {variable} in {}", self.path.display()),
            None => format!("the file {}", self.path.display()),
        }
    }

    fn file(&self) -> Option<&FileDestination> {
        Some(self)
    }

    fn prepare(&self) -> Result<Prepared, String> {
        Self::prepare_all(vec![self.clone()])
    }

    fn read(&self) -> Result<Option<Contents>, String> {
        let path = resolved(&self.path).map_err(|error| error.to_string())?;
        let bytes = read(&path).map_err(|error| error.to_string())?;
        bytes.map_or(Ok(Contents::Nothing), |bytes| self.contents(&bytes)).map(Some)
    }
}

fn line_end(contents: &[u8]) -> &[u8] {
    if contents.ends_with(b"\r\n") {
        b"\r\n"
    } else if contents.ends_with(b"\n") {
        b"\n"
    } else {
        b""
    }
}
