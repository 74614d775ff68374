//! What the vendor refuses, or may refuse: a strict server refuses it too, and another server accepts it with a warning.

use crate::response::ApiError;

/// Whether the server is strict.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strictness {
    pub(crate) is_strict: bool,
}

impl Strictness {
    /// Returns `error` if the server is strict. If not, its message is logged as a warning, so it must not quote anything
    /// from the request.
    pub(crate) fn refuse_if_strict(self, error: ApiError) -> Result<(), ApiError> {
        if self.is_strict {
            return Err(error);
        }
        let ApiError { status, message, .. } = error;
        tracing::warn!("with --strict the response would be {}: {message}", status.as_u16());
        Ok(())
    }
}
