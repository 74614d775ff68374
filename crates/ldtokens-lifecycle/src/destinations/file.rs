use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ldtokens::Secret;

use crate::atomic::{Staged, resolved, staging_path};
use crate::destination::{Destination, Prepared};

/// The maximum length of a secret, in bytes.
const MAX_LENGTH: usize = 4096;

/// A file that holds a secret and at most a line end.
///
/// It is replaced atomically and keeps its mode and owner: a reader always finds the old secret or the new one. A new file can
/// only be read by its owner. A symbolic link is followed.
#[derive(Clone, Debug)]
pub struct FileDestination {
    path: PathBuf,
    keeps_previous: bool,
}

impl FileDestination {
    /// Returns the file at `path` as a destination.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), keeps_previous: false }
    }

    /// Keeps the old secret in a file whose name ends in `.previous`.
    #[must_use]
    pub fn keep_previous(mut self) -> Self {
        self.keeps_previous = true;
        self
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Destination for FileDestination {
    fn label(&self) -> String {
        format!("the file {}", self.path.display())
    }

    fn is_readable(&self) -> bool {
        true
    }

    fn read(&self) -> Result<Option<Secret>, String> {
        match fs::read(&self.path) {
            Ok(bytes) => secret(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    fn leftover(&self) -> Option<Secret> {
        let bytes = fs::read(staging_path(&resolved(&self.path).ok()?)).ok()?;
        secret(&bytes).ok().flatten()
    }

    fn prepare(&self) -> Result<Prepared, String> {
        self.read()?;
        let path = self.path.clone();
        let failed = |error: io::Error| error.to_string();
        let staged = Staged::new(&path).map_err(failed)?;
        let previous = match self.keeps_previous {
            true => {
                let previous = Staged::new(&previous(&resolved(&path).map_err(failed)?));
                Some(previous.map_err(|error| format!("--keep-previous: {error}"))?)
            }
            false => None,
        };
        Ok(Box::new(move |secret, _| {
            let old = match fs::read(&path) {
                Ok(bytes) => Some(bytes),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(error.to_string()),
            };
            match (previous, &old) {
                (Some(previous), Some(old)) if !holds(old, secret) => {
                    previous.replace(old).map_err(|error| format!("the old secret can't be kept: {error}"))?;
                }
                _ => {}
            }
            let mut contents = secret.expose().as_bytes().to_vec();
            let line_end = old.as_deref().map_or(&[][..], line_end);
            contents.extend_from_slice(line_end);
            staged.replace(&contents).map_err(failed)
        }))
    }
}

fn previous(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".previous");
    PathBuf::from(name)
}

fn holds(contents: &[u8], secret: &Secret) -> bool {
    contents.trim_ascii_end() == secret.expose().as_bytes()
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

/// The secret that a file holds, if it holds nothing else.
fn secret(bytes: &[u8]) -> Result<Option<Secret>, String> {
    let text = bytes.strip_suffix(line_end(bytes)).unwrap_or(bytes);
    if text.is_empty() {
        return Ok(None);
    }
    match std::str::from_utf8(text) {
        Ok(text) if text.len() <= MAX_LENGTH && text.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok(Some(Secret::new(text)))
        }
        _ => Err("it holds something other than a secret, and was not changed".to_owned()),
    }
}
