use std::fmt;
use std::ops::Deref;

use bytes::Bytes;

/// A response's body. `Debug` shows only its length: after a create or reset, the body contains the secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body {
    bytes: Bytes,
    is_cut_short: bool,
}

impl Body {
    /// A body of JSON that was cut short, with what arrived of it.
    pub(crate) fn cut_short(bytes: Bytes) -> Self {
        Self { bytes, is_cut_short: true }
    }

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

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, is_cut_short: false }
    }
}

impl From<Body> for Bytes {
    fn from(body: Body) -> Self {
        body.bytes
    }
}

impl From<Body> for Vec<u8> {
    fn from(body: Body) -> Self {
        body.bytes.into()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.len())
    }
}
