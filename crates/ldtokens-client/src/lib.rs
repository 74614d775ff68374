//! The generated client for LaunchDarkly's access tokens, beneath the [`ldtokens`] facade.
//!
//! [`Client`] and everything in [`types`] and [`builder`] is written by `cargo xtask generate` from the project's
//! `openapi.yaml`. By hand there is only what that document can't express: [`Secret`], which never prints itself;
//! [`Role`], which keeps a role it does not know; [`UnixMillis`], the API's time; and [`Transport`], the one door through
//! which every request of the generated client leaves.
//!
//! Most programs want the facade, which retries, paces, pages and redacts. This crate is its escape hatch.
//!
//! [`ldtokens`]: https://docs.rs/ldtokens

#[rustfmt::skip] // the generator formats it, and `cargo xtask generate --check` compares bytes
#[allow(missing_docs, unreachable_pub, unused_imports)]
mod generated;
mod role;
mod secret;
mod transport;
mod unix_millis;

pub use generated::{Client, Error, ResponseValue, builder, types};
pub use role::Role;
pub use secret::Secret;
pub use transport::{Exchange, SharedTransport, Transport};
pub use unix_millis::UnixMillis;

/// The HTTP client that the generated code speaks through.
pub use reqwest;
