use std::fmt;

use reqwest::StatusCode;

/// One of the API's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `GET /tokens`
    GetTokens,
    /// `POST /tokens`
    PostToken,
    /// `GET /tokens/{tokenId}`
    GetToken,
    /// `PATCH /tokens/{tokenId}`
    PatchToken,
    /// `DELETE /tokens/{tokenId}`
    DeleteToken,
    /// `POST /tokens/{tokenId}/reset`
    ResetToken,
    /// `GET /caller-identity`
    GetCallerIdentity,
    /// An operation that this crate has no name for, as given to [`Client::request`](crate::Client::request).
    Other(&'static str),
}

/// What is known of an operation: its names in the API's documentation and in the generated code; the segments of its path
/// below `/api/v2`, where an empty one stands for a token's ID; and the status that the API documents for success.
type Row = (Operation, [&'static str; 2], &'static [&'static str], StatusCode);

const ROWS: [Row; 7] = [
    (Operation::GetTokens, ["getTokens", "get_tokens"], &["tokens"], StatusCode::OK),
    (Operation::PostToken, ["postToken", "post_token"], &["tokens"], StatusCode::CREATED),
    (Operation::GetToken, ["getToken", "get_token"], &["tokens", ""], StatusCode::OK),
    (Operation::PatchToken, ["patchToken", "patch_token"], &["tokens", ""], StatusCode::OK),
    (Operation::DeleteToken, ["deleteToken", "delete_token"], &["tokens", ""], StatusCode::NO_CONTENT),
    (Operation::ResetToken, ["resetToken", "reset_token"], &["tokens", "", "reset"], StatusCode::OK),
    (Operation::GetCallerIdentity, ["getCallerIdentity", ""], &["caller-identity"], StatusCode::OK),
];

impl Operation {
    fn row(self) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.0 == self)
    }

    /// The operation's name in the API's documentation, as in `getTokens`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Other(id) => id,
            _ => self.row().map_or("", |row| row.1[0]),
        }
    }

    pub(crate) fn path(self) -> Option<&'static [&'static str]> {
        self.row().map(|row| row.2)
    }

    pub(crate) fn success_status(self) -> Option<StatusCode> {
        self.row().map(|row| row.3)
    }
}

/// By the name in the API's documentation (`getTokens`) or in the generated code (`get_tokens`).
impl From<&'static str> for Operation {
    fn from(name: &'static str) -> Self {
        ROWS.iter().find(|row| row.1.contains(&name)).map_or(Self::Other(name), |row| row.0)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}
