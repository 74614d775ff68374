//! The generated client: what it is, and what was put into it by hand.

#[rustfmt::skip] // the generator formats it, and `cargo xtask generate --check` compares bytes
mod derived_schemas;
mod schemas;
mod snapshots;
mod unexpected_input;
mod wire;
