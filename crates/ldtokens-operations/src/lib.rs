//! LaunchDarkly's access-token operations as data: methods, paths, parameters and bodies.
//!
//! It is for programs that handle all operations alike, such as a command with an argument for each parameter, or a server with a
//! route for each path. To send requests, use [`ldtokens`].
//!
//! `cargo xtask generate` makes the table from the project's `openapi.yaml`.
//!
//! [`ldtokens`]: https://docs.rs/ldtokens

mod spec;
#[rustfmt::skip] // the generator formats it
mod table;
mod value_type;

pub use spec::{BodySpec, OperationSpec, ParameterSpec};
pub use table::{OPERATIONS, TOKEN};
pub use value_type::{InvalidValue, ValueType};
