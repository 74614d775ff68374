use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The ID of an access token. It can always be a segment of a URL's path.
///
/// The API's IDs are 24 hexadecimal digits, but it does not guarantee that, so any text that can be one path segment is
/// accepted. Any other text would lead to another resource, and is refused before a request is made.
///
/// ```
/// use ldtokens_client::TokenId;
/// let id: TokenId = "61095542756dba551110ae21".parse()?;
/// assert_eq!(id.as_str(), "61095542756dba551110ae21");
/// assert!("..".parse::<TokenId>().is_err());
/// # Ok::<(), ldtokens_client::InvalidTokenId>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(String);

impl TokenId {
    /// The maximum length of an ID, in bytes.
    pub const MAX_LEN: usize = 256;

    /// Accepts `id` if it can be a segment of a path.
    ///
    /// # Errors
    /// [`InvalidTokenId`] if the ID is empty, `.`, `..`, longer than [`MAX_LEN`](Self::MAX_LEN) bytes, looks like a
    /// secret, or contains a slash, a backslash, white space or a control character.
    pub fn new(id: impl Into<String>) -> Result<Self, InvalidTokenId> {
        let id = id.into();
        let reason = if id.is_empty() {
            "it is empty"
        } else if id == "." || id == ".." {
            "it is a relative path"
        } else if id.len() > Self::MAX_LEN {
            "it is longer than 256 bytes"
        } else if id.contains(['/', '\\']) {
            "it contains a slash"
        } else if id.contains(char::is_control) {
            "it contains a control character"
        } else if id.contains(char::is_whitespace) {
            "it contains white space"
        } else if looks_like_a_secret(&id) {
            "it looks like a token's secret; its ID is the 24 hexadecimal digits that `getTokens` lists as `_id`"
        } else {
            return Ok(Self(id));
        };
        Err(InvalidTokenId { reason })
    }

    /// The ID as the API writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ID as a segment of a URL's path, percent-encoded where necessary.
    pub fn to_path_segment(&self) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let encoded =
            self.0.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
        encoded.collect()
    }
}

/// Whether `id` looks like a secret. If one were accepted as an ID, it would be in URLs, and so in logs.
fn looks_like_a_secret(id: &str) -> bool {
    ["api-", "sdk-", "mob-", "rel-"].iter().any(|prefix| id.starts_with(prefix)) && id.len() >= 36
}

impl FromStr for TokenId {
    type Err = InvalidTokenId;

    fn from_str(id: &str) -> Result<Self, InvalidTokenId> {
        Self::new(id)
    }
}

impl TryFrom<&str> for TokenId {
    type Error = InvalidTokenId;

    fn try_from(id: &str) -> Result<Self, InvalidTokenId> {
        Self::new(id)
    }
}

impl TryFrom<String> for TokenId {
    type Error = InvalidTokenId;

    fn try_from(id: String) -> Result<Self, InvalidTokenId> {
        Self::new(id)
    }
}

impl From<&TokenId> for TokenId {
    fn from(id: &TokenId) -> Self {
        id.clone()
    }
}

impl From<TokenId> for String {
    fn from(id: TokenId) -> Self {
        id.0
    }
}

impl AsRef<str> for TokenId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for TokenId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for TokenId {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for TokenId {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl PartialEq<String> for TokenId {
    fn eq(&self, other: &String) -> bool {
        self.0 == *other
    }
}

impl Serialize for TokenId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// An ID that can't be a segment of a path is an error. The error does not show the ID.
impl<'de> Deserialize<'de> for TokenId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for TokenId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TokenId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "The ID of an access token, 24 hexadecimal digits." })
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The error for a text that can't be a token's ID. It says why, but never shows the text, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidTokenId {
    reason: &'static str,
}

impl fmt::Display for InvalidTokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a token ID: {}", self.reason)
    }
}

impl std::error::Error for InvalidTokenId {}

#[cfg(test)]
mod tests {
    use super::TokenId;

    #[test]
    fn an_id_that_cannot_be_a_path_segment_is_refused() {
        for id in ["", ".", "..", "a/b", "/", "a\\b", "a\nb", "\0", "a b", "\u{a0}", &"a".repeat(257)] {
            assert!(TokenId::new(id).is_err(), "{id:?}");
        }
    }

    #[test]
    fn an_id_that_can_be_a_path_segment_is_accepted() {
        for id in ["61095542756dba551110ae21", "...", "a.b", "a%2fb", "a?b#c", "é", &"a".repeat(256)] {
            assert_eq!(TokenId::new(id).unwrap().as_str(), id);
        }
        let id = TokenId::new("a").unwrap();
        let (a, b) = ("a".to_owned(), "b".to_owned());
        assert!(id == *"a" && id == "a" && id == a && id != *"b" && id != "b" && id != b);
        assert_eq!((id.as_ref(), std::collections::HashSet::from([id.clone()]).contains("a")), ("a", true));
        assert_eq!(String::from(id), "a");
        assert_eq!(TokenId::new("a-b.c_d~e%é").unwrap().to_path_segment(), "a-b.c_d~e%25%C3%A9");
    }

    #[test]
    fn a_secret_used_as_an_id_is_refused_and_not_shown() {
        let refusal = TokenId::new("api-5a1e7e1c-0000-4000-8000-1f2e3d4c5b6a").unwrap_err();
        assert!(!format!("{refusal} {refusal:?}").contains("5a1e7e1c"));
    }
}
