//! What the build steps of ldtokens do; `cargo xtask` runs them, and the client's tests compare with them.

mod client;
mod generate;
mod operations_table;

pub use generate::{check, client_code, generate};
