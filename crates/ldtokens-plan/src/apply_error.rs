use std::fmt;

use ldtokens::Error;

use crate::account::ReadError;

/// Why something was not done.
#[derive(Debug)]
#[non_exhaustive]
pub enum ApplyError {
    /// The account could not be read.
    Read(ReadError),
    /// The API's or the client's error.
    Api(Error),
    /// The account or the file changed since the plan was made. Nothing was changed.
    Changed,
    /// More than 30 % of the managed tokens would be deleted. Nothing was changed.
    ManyDeletions {
        /// How many.
        deletions: usize,
        /// Of how many.
        managed: usize,
    },
    /// It can't be done, for this reason. No secret was requested.
    Refused(String),
    /// The new secret was not delivered to each destination, or is refused. The old one works on.
    NotDelivered(String),
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => error.fmt(f),
            Self::Api(error) => error.fmt(f),
            Self::Changed => f.write_str("the account or the file changed since the plan was made"),
            Self::ManyDeletions { deletions, managed } => {
                write!(f, "{deletions} of {managed} managed tokens would be deleted, which is more than 30 %")
            }
            Self::Refused(reason) => f.write_str(reason),
            Self::NotDelivered(reason) => write!(f, "{reason}; the old secret works on"),
        }
    }
}

impl std::error::Error for ApplyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) => error.source(),
            Self::Api(error) => error.source(),
            _ => None,
        }
    }
}

impl From<Error> for ApplyError {
    fn from(error: Error) -> Self {
        Self::Api(error)
    }
}

pub(crate) fn refused(error: ldtokens_lifecycle::Error) -> ApplyError {
    ApplyError::Refused(error.to_string())
}
