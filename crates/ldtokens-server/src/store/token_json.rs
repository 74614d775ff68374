//! JSON that is kept as text, which is enough to send it, and parsed when its value is first needed.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::{Deref, DerefMut};

use serde_json::Value;

/// The properties of a token.
#[derive(Clone, Debug)]
pub(crate) struct TokenJson {
    /// The stored text. None if the value was changed since.
    text: Option<String>,
    value: OnceCell<Value>,
}

impl TokenJson {
    /// From the text that this server wrote.
    pub(super) fn stored(text: String) -> Self {
        Self { text: Some(text), value: OnceCell::new() }
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
        self.value.get_or_init(|| {
            let parsed = self.text.as_deref().map(serde_json::from_str);
            parsed
                .and_then(|parsed| {
                    parsed
                        .inspect_err(|error| tracing::error!(%error, "a token's JSON in the store can't be parsed"))
                        .ok()
                })
                .unwrap_or_default()
        })
    }
}

impl DerefMut for TokenJson {
    fn deref_mut(&mut self) -> &mut Value {
        let _ = self.deref();
        self.text = None;
        self.value.get_mut().expect("it was just made")
    }
}
