// Made from openapi.yaml by `cargo xtask generate`. Do not edit: edit openapi.yaml and run it again.

use super::Route;
/// An operation of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// An operation that this crate does not know, by its ID in the API's documentation.
    Other(&'static str),
}
pub(super) static ROUTES: &[Route] = &[
    Route {
        operation: Operation::GetTokens,
        id: "getTokens",
        method: "GET",
        path: "/tokens",
        success: Some(200u16),
    },
    Route {
        operation: Operation::PostToken,
        id: "postToken",
        method: "POST",
        path: "/tokens",
        success: Some(201u16),
    },
    Route {
        operation: Operation::GetToken,
        id: "getToken",
        method: "GET",
        path: "/tokens/{tokenId}",
        success: Some(200u16),
    },
    Route {
        operation: Operation::PatchToken,
        id: "patchToken",
        method: "PATCH",
        path: "/tokens/{tokenId}",
        success: Some(200u16),
    },
    Route {
        operation: Operation::DeleteToken,
        id: "deleteToken",
        method: "DELETE",
        path: "/tokens/{tokenId}",
        success: Some(204u16),
    },
    Route {
        operation: Operation::ResetToken,
        id: "resetToken",
        method: "POST",
        path: "/tokens/{tokenId}/reset",
        success: Some(200u16),
    },
];
