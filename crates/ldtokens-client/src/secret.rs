use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// The secret of an access token, or the last four characters of one.
///
/// `Debug` prints `[redacted]`, there is no `Display`, and the secret is overwritten in memory when it is dropped. Only
/// [`expose`](Secret::expose) shows it, and only serialisation writes it, since requests and responses need it.
///
/// ```
/// let secret = ldtokens_client::Secret::new("api-5a1e7e1c-0000-4000-8000-1f2e3d4c5b6a");
/// assert_eq!(format!("{secret:?}"), "Secret([redacted])");
/// assert_eq!(secret.last_four(), "5b6a");
/// ```
///
/// So nobody writes `[redacted]` where the secret is meant:
///
/// ```compile_fail,E0599
/// let secret = ldtokens_client::Secret::new("api-5a1e7e1c-0000-4000-8000-1f2e3d4c5b6a");
/// let text = secret.to_string();
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps `secret`, so that it can't be printed by mistake.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// Shows the secret. Anyone who has it can use the token: keep it out of logs, arguments and files that others can read.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it can be a whole secret, and is not its last four characters or masked.
    pub fn is_whole(&self) -> bool {
        self.0.len() > 4 && self.0.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*')
    }

    /// The last four characters, which the API itself shows with every token and which are safe to print.
    pub fn last_four(&self) -> &str {
        let start = self.0.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
        &self.0[start..]
    }
}

/// Compares in a time that depends only on the lengths.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.0.as_bytes(), other.0.as_bytes());
        a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self::new(secret)
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self::new(secret)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "password" })
    }
}
