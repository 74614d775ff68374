use ldtokens::Error;

/// Why no plan was made, or something was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// What is wrong with the file of tokens, one text for each fault.
    #[error("{}", .0.join("; "))]
    InvalidFile(Vec<String>),
    /// Not all of the account could be read, and no plan is made from a part of it.
    #[error("the account could not be read, so no plan was made")]
    Unreadable(#[source] Error),
    /// The API's or the client's error.
    #[error(transparent)]
    Api(#[from] Error),
    /// The account or the file changed since the plan was made. Nothing was changed.
    #[error("the account or the file changed since the plan was made")]
    Changed,
    /// More than 30 % of the managed tokens would be deleted. Nothing was changed.
    #[error("{deletions} of {managed} managed tokens would be deleted, which is more than 30 %")]
    ManyDeletions {
        /// How many.
        deletions: usize,
        /// Of how many.
        managed: usize,
    },
    /// It can't be done, for this reason. No secret was requested.
    #[error("{0}")]
    Refused(String),
    /// The new secret was not delivered to each destination, or is refused. The old one, if there is one, keeps working.
    #[error("{0}")]
    NotDelivered(String),
}
