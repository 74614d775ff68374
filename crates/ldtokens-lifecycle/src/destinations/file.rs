use std::path::Path;

use crate::destination::{Contents, Destination, Prepared};
use crate::file::{FilePart, LockedFile};

/// A file that holds a secret and at most a line end.
///
/// It is replaced atomically: a reader always finds the old secret or the new one. Who could access it before can access it
/// after, and nobody else. A new file can only be read by its owner. A symbolic link is followed. A file that can't be replaced,
/// as a mount point or one with hard links, is written in place.
#[derive(Clone, Debug)]
pub struct FileDestination(FilePart);

impl FileDestination {
    /// Returns the file at `path` as a destination.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self(FilePart::new(path.as_ref(), None))
    }

    /// Keeps the old secret in a file whose name ends in `.previous`.
    #[must_use]
    pub fn keep_previous(self) -> Self {
        Self(self.0.keep_previous())
    }
}

/// A variable in a file of lines like `NAME=value`, as Docker Compose, systemd, python-dotenv, node and bash read them.
///
/// The value of the variable is changed, or a line added if there is none. All else is kept. A file that its readers would read
/// differently is refused. It is written as a [`FileDestination`] is.
#[derive(Clone, Debug)]
pub struct EnvFileDestination(FilePart);

impl EnvFileDestination {
    /// Returns the variable `variable` in the file at `path`.
    ///
    /// # Errors
    /// Why the name is not allowed.
    pub fn new(path: impl AsRef<Path>, variable: impl Into<String>) -> Result<Self, String> {
        let variable = variable.into();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if variable.is_empty() || !variable.bytes().all(is_name) || variable.as_bytes()[0].is_ascii_digit() {
            return Err(
                "a variable's name consists of letters, digits and `_`, and does not start with a digit".to_owned()
            );
        }
        Ok(Self(FilePart::new(path.as_ref(), Some(variable))))
    }
}

macro_rules! part_of_a_file {
    ($destination:ty) => {
        impl Destination for $destination {
            fn label(&self) -> String {
                self.0.label()
            }

            fn file(&self) -> Option<&FilePart> {
                Some(&self.0)
            }

            fn prepare(&self) -> Result<Prepared, String> {
                prepare(vec![self.0.clone()])
            }

            fn read(&self) -> Result<Option<Contents>, String> {
                self.0.read().map(Some)
            }
        }
    };
}

part_of_a_file!(FileDestination);
part_of_a_file!(EnvFileDestination);

/// Prepares the delivery to parts of one file.
pub(crate) fn prepare(parts: Vec<FilePart>) -> Result<Prepared, String> {
    if parts.iter().any(|part| part.is_whole() != parts[0].is_whole()) {
        return Err("it can't hold a secret and variables too".to_owned());
    }
    let locked = LockedFile::prepare(parts)?;
    let note = locked.note();
    let mut prepared = Prepared::new(move |secret, _| locked.write(secret));
    prepared.note = note;
    Ok(prepared)
}
