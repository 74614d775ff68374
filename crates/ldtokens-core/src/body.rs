use std::convert::Infallible;
use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use reqwest::Request;

/// A response, read to its end.
pub type Response = http::Response<Body>;

/// A response's body. `Debug` shows only its length: after a create or reset, the body contains the secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body {
    pub(crate) bytes: Bytes,
    pub(crate) is_cut_short: bool,
}

impl Body {
    /// Whether it is only what arrived of a body that was cut short: the secret and perhaps more.
    pub fn is_cut_short(&self) -> bool {
        self.is_cut_short
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.len())
    }
}

/// The body of a request. It notes when a connection takes the request, which is before any of it is sent.
pub(crate) struct Watched {
    bytes: Bytes,
    is_taken: Arc<AtomicBool>,
}

impl Watched {
    /// Wraps the body of `request`. The result shows whether a connection has taken the request.
    pub(crate) fn watch(request: &mut Request) -> Arc<AtomicBool> {
        let bytes = request.body().and_then(reqwest::Body::as_bytes).map(Bytes::copy_from_slice).unwrap_or_default();
        let is_taken = Arc::<AtomicBool>::default();
        *request.body_mut() = Some(reqwest::Body::wrap(Self { bytes, is_taken: is_taken.clone() }));
        is_taken
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    /// A connection asks this first.
    fn is_end_stream(&self) -> bool {
        self.is_taken.store(true, Ordering::Relaxed);
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}
