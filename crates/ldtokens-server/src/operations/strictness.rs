//! What the vendor refuses, or may refuse, and this server takes: with a warning, or not at all if it is strict.

use crate::http::response::ApiError;

/// Whether the server is strict.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strictness {
    pub(crate) is_strict: bool,
}

impl Strictness {
    /// Refuses a request if the server is strict. If not, the log has the same words, which therefore must not show
    /// anything that the request holds.
    pub(crate) fn refuse_if_strict(self, error: ApiError) -> Result<(), ApiError> {
        if self.is_strict {
            return Err(error);
        }
        let ApiError { status, message, .. } = error;
        tracing::warn!("a strict server answers {}: {message}", status.as_u16());
        Ok(())
    }
}
