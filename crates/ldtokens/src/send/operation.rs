use std::fmt;

use ldtokens_client::operations::OperationSpec;
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

const NAMED: [Operation; 7] = [
    Operation::GetTokens,
    Operation::PostToken,
    Operation::GetToken,
    Operation::PatchToken,
    Operation::DeleteToken,
    Operation::ResetToken,
    Operation::GetCallerIdentity,
];

impl Operation {
    /// The operation's name in the API's documentation, such as `getTokens`.
    pub fn id(self) -> &'static str {
        match self {
            Self::GetTokens => "getTokens",
            Self::PostToken => "postToken",
            Self::GetToken => "getToken",
            Self::PatchToken => "patchToken",
            Self::DeleteToken => "deleteToken",
            Self::ResetToken => "resetToken",
            Self::GetCallerIdentity => "getCallerIdentity",
            Self::Other(id) => id,
        }
    }

    /// The path below `/api/v2`, with parameters in braces.
    pub(crate) fn path(self) -> Option<&'static str> {
        match self {
            Self::GetCallerIdentity => Some("/caller-identity"),
            _ => OperationSpec::find(self.id()).map(|spec| spec.path),
        }
    }

    /// The status that the API documents for success.
    pub(crate) fn success_status(self) -> Option<StatusCode> {
        let mut statuses = OperationSpec::find(self.id())?.responses.iter();
        statuses.find_map(|(status, _)| status.parse().ok().filter(StatusCode::is_success))
    }
}

/// Finds an operation by its name in the API's documentation (`getTokens`) or in the generated code (`get_tokens`).
impl From<&'static str> for Operation {
    fn from(name: &'static str) -> Self {
        let letters = || name.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase());
        let is_named = |operation: &Self| letters().eq(operation.id().bytes().map(|byte| byte.to_ascii_lowercase()));
        NAMED.into_iter().find(is_named).unwrap_or(Self::Other(name))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}
