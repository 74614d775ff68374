use std::path::{Path, PathBuf};

use ldtokens::Secret;
use serde::{Deserialize, Serialize};

use crate::access::identity;
use crate::destination::Contents;
use crate::file::{env, leftovers, read, remove_leftovers, resolved};

/// The maximum length of a secret, in bytes.
const MAX_LENGTH: usize = 4096;

/// A file that holds a secret, or a variable in a file of `NAME=value` lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    path: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variable: Option<String>,
    #[serde(skip)]
    keeps_previous: bool,
}

impl FilePart {
    /// A relative path is relative to the current folder.
    pub(crate) fn new(path: &Path, variable: Option<String>) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self { path, variable, keeps_previous: false }
    }

    pub(crate) fn keep_previous(mut self) -> Self {
        self.keeps_previous = true;
        self
    }

    /// Whether to keep the old contents.
    pub(crate) fn keeps_previous(&self) -> bool {
        self.keeps_previous
    }

    /// The file's absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What tells the file from others, whatever its name. None if it does not exist.
    pub fn identity(&self) -> Option<(u64, u64)> {
        identity(&resolved(&self.path).ok()?)
    }

    /// Whether the other is part of the same file, maybe under another name of it.
    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        match (resolved(&self.path), resolved(&other.path)) {
            (Ok(one), Ok(two)) => one == two || self.identity().is_some_and(|id| Some(id) == other.identity()),
            _ => self.path == other.path,
        }
    }

    pub(crate) fn label(&self) -> String {
        match &self.variable {
            Some(variable) => format!("the variable {variable} in {}", self.path.display()),
            None => format!("the file {}", self.path.display()),
        }
    }

    /// Whether it is all of the file.
    pub fn is_whole(&self) -> bool {
        self.variable.is_none()
    }

    /// Returns what the part holds.
    ///
    /// # Errors
    /// Why the file can't be read, or the variable not be found with certainty.
    pub fn read(&self) -> Result<Contents, String> {
        let path = resolved(&self.path).map_err(|error| error.to_string())?;
        match read(&path).map_err(|error| error.to_string())? {
            Some(bytes) => self.contents(&bytes),
            None => Ok(Contents::Nothing),
        }
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

fn line_end(contents: &[u8]) -> &[u8] {
    if contents.ends_with(b"\r\n") {
        b"\r\n"
    } else if contents.ends_with(b"\n") {
        b"\n"
    } else {
        b""
    }
}
