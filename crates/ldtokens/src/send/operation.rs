use std::fmt;

/// One of the API's operations, under the name that the API's description gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operation {
    generated: &'static str,
}

impl Operation {
    /// The operation that the generated code calls `generated` (`get_tokens`).
    pub(crate) const fn new(generated: &'static str) -> Self {
        Self { generated }
    }

    /// The operation's name in the API's description, as in `getTokens`.
    pub fn id(self) -> String {
        let mut words = self.generated.split('_');
        let mut id = words.next().unwrap_or_default().to_owned();
        for word in words {
            let (first, rest) = word.split_at(word.len().min(1));
            id.push_str(&first.to_ascii_uppercase());
            id.push_str(rest);
        }
        id
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.id())
    }
}
