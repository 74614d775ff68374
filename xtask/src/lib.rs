//! What the build steps of ldtokens do; `cargo xtask` runs them, and tests compare with them.

mod additions;
pub mod api;
mod class;
mod client;
mod code;
mod generate;
mod import;
mod items;
mod json_schemas;
mod lenient;
mod lines;
mod lint;
mod operations_table;
mod overlay;
mod reference;
mod source;

pub use api::{Bump, caller};
pub use class::Diff;
pub use generate::{check, client_code, generate};
pub use import::{Comparison, Then, compare_with, import};
pub use items::Changed;
pub use lint::{Problem, lint, problems};
pub use overlay::Overlay;
pub use source::document;

/// The name of the OpenAPI document, below the workspace's root.
pub(crate) const DOCUMENT: &str = "openapi.yaml";
