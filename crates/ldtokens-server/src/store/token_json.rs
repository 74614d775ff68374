//! JSON that is kept as text, which is enough to send it, and parsed when its value is first needed.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::{Deref, DerefMut};

use serde::de::IgnoredAny;
use serde_json::Value;

/// The token of which the store has something else than the text of a JSON object.
#[derive(Debug, thiserror::Error)]
#[error("the store is damaged: the token {0} can't be read")]
pub(crate) struct DamagedToken(pub(crate) String);

/// Checks that `text`, which the store has for the token `id`, is that of a JSON object.
pub(super) fn check_object(id: &str, text: &str) -> rusqlite::Result<()> {
    if text.starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok() {
        return Ok(());
    }
    let error = Box::new(DamagedToken(id.to_owned()));
    Err(rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error))
}

/// The properties of a token.
#[derive(Clone, Debug)]
pub(crate) struct TokenJson {
    /// The stored text. None if the value was changed since.
    text: Option<String>,
    value: OnceCell<Value>,
}

impl TokenJson {
    /// From the text that this server wrote for the token `id`.
    pub(super) fn stored(id: &str, text: String) -> rusqlite::Result<Self> {
        check_object(id, &text)?;
        Ok(Self { text: Some(text), value: OnceCell::new() })
    }

    /// The JSON text of an object.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match &self.text {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(self.deref().to_string()),
        }
    }
}

impl From<Value> for TokenJson {
    fn from(value: Value) -> Self {
        Self { text: None, value: OnceCell::from(value) }
    }
}

impl Deref for TokenJson {
    type Target = Value;

    fn deref(&self) -> &Value {
        // The text was checked when it was read.
        self.value
            .get_or_init(|| self.text.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default())
    }
}

impl DerefMut for TokenJson {
    fn deref_mut(&mut self) -> &mut Value {
        // Not `self.deref()`, which is that of the reference.
        let _ = Self::deref(self);
        self.text = None;
        self.value.get_mut().expect("it was just made")
    }
}
