use std::fmt;

use ldtokens::Error;

/// Why no plan was made, or something was not done.
#[derive(Debug)]
#[non_exhaustive]
pub enum PlanError {
    /// What is wrong with the file of tokens, one text for each fault.
    InvalidFile(Vec<String>),
    /// The account could not be read.
    Unreadable(Error),
    /// The list of tokens is incomplete. No plan is made from it.
    Incomplete(Error),
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

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidFile(faults) => f.write_str(&faults.join("; ")),
            Self::Unreadable(_) => f.write_str("the account could not be read"),
            Self::Incomplete(_) => f.write_str("the list of tokens is incomplete, so no plan was made"),
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

impl std::error::Error for PlanError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(source) | Self::Incomplete(source) => Some(source),
            Self::Api(error) => error.source(),
            _ => None,
        }
    }
}

impl From<Error> for PlanError {
    fn from(error: Error) -> Self {
        Self::Api(error)
    }
}
