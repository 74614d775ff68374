//! The API's operations by name, and how each is requested.

use std::fmt;

#[rustfmt::skip] // the generator formats it
mod table;

pub use table::Operation;

/// How an operation is requested, by `openapi.yaml`.
#[derive(Debug)]
#[non_exhaustive]
pub struct Route {
    operation: Operation,
    /// The operation's ID, such as `getToken`.
    pub id: &'static str,
    /// The HTTP method, in capitals.
    pub method: &'static str,
    /// The path below `/api/v2`, with parameters in braces: `/tokens/{tokenId}`.
    pub path: &'static str,
    /// The status that the API documents for success.
    pub success: Option<u16>,
}

impl Operation {
    /// The operation's ID in the API's documentation, such as `getTokens`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Other(id) => id,
            known => known.route().expect("the table has every operation").id,
        }
    }

    /// How the operation is requested. `None` for [`Other`](Self::Other).
    pub fn route(self) -> Option<&'static Route> {
        table::ROUTES.iter().find(|route| route.operation == self)
    }
}

/// Finds an operation by its ID (`getTokens`) or by its name in the generated code (`get_tokens`). An unknown name becomes
/// [`Operation::Other`].
impl From<&'static str> for Operation {
    fn from(name: &'static str) -> Self {
        let letters =
            |name: &'static str| name.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase());
        let route = table::ROUTES.iter().find(|route| letters(route.id).eq(letters(name)));
        route.map_or(Self::Other(name), |route| route.operation)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}
