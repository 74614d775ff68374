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

impl Operation {
    /// The operation's name in the API's documentation, as in `getTokens`.
    pub const fn id(self) -> &'static str {
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

    /// The segments of its path below `/api/v2`; an empty one stands for a token's ID.
    pub(crate) const fn path(self) -> Option<&'static [&'static str]> {
        match self {
            Self::GetTokens | Self::PostToken => Some(&["tokens"]),
            Self::GetToken | Self::PatchToken | Self::DeleteToken => Some(&["tokens", ""]),
            Self::ResetToken => Some(&["tokens", "", "reset"]),
            Self::GetCallerIdentity => Some(&["caller-identity"]),
            Self::Other(_) => None,
        }
    }

    /// The status that the API documents for success.
    pub(crate) const fn success_status(self) -> Option<StatusCode> {
        match self {
            Self::PostToken => Some(StatusCode::CREATED),
            Self::DeleteToken => Some(StatusCode::NO_CONTENT),
            Self::Other(_) => None,
            _ => Some(StatusCode::OK),
        }
    }
}

/// By the name in the API's documentation (`getTokens`) or in the generated code (`get_tokens`).
impl From<&'static str> for Operation {
    fn from(name: &'static str) -> Self {
        match name {
            "getTokens" | "get_tokens" => Self::GetTokens,
            "postToken" | "post_token" => Self::PostToken,
            "getToken" | "get_token" => Self::GetToken,
            "patchToken" | "patch_token" => Self::PatchToken,
            "deleteToken" | "delete_token" => Self::DeleteToken,
            "resetToken" | "reset_token" => Self::ResetToken,
            "getCallerIdentity" => Self::GetCallerIdentity,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}
