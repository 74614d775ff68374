//! LaunchDarkly's access-token operations as data: methods, paths, parameters and bodies.
//!
//! It is for programs that handle all operations alike, such as a command with an argument for each parameter, or a server with a
//! route for each path. To send requests, use [`ldtokens`].
//!
//! `cargo xtask generate` makes the table from the project's `openapi.yaml`.
//!
//! [`ldtokens`]: https://docs.rs/ldtokens

mod spec;

pub use spec::{BodySpec, InvalidValue, OPERATIONS, OperationSpec, ParameterSpec, TOKEN, ValueType};
