//! The generated client for LaunchDarkly's access tokens, beneath the [`ldtokens`] facade.
//!
//! `cargo xtask generate` writes [`Client`], everything in [`types`] and [`builder`], and [`Operation`], from
//! the project's `openapi.yaml`. Only what that document can't express is written by hand:
//!
//! - [`Secret`] is never printed.
//! - [`TokenId`] can't lead to another path.
//! - [`Role`] keeps a role that it does not know.
//! - [`UnixMillis`] is a time, and [`ApiVersion`] a version of the API.
//! - [`Policy`] can't have a statement that is empty or contradicts itself.
//! - [`Links`] takes less memory than a map.
//! - [`Extra`] prints only the names of its properties.
//! - [`read_token`] reads a token with properties that can't be read.
//! - [`Transport`] is the trait by which every request of the generated client is sent.
//!
//! The types accept more than the document says: `null` means that a property is absent, a whole number may be written as a
//! float, an unknown value of an enum is kept as `Other`, and an unknown property of a token is kept in its `extra`.
//!
//! The generator's [`Error`] prints the body of a success that can't be decoded, and after a create or reset the body contains
//! the secret. The facade's errors never do.
//!
//! Most programs need the facade, which adds retries, rate limits, pages and clear errors. This crate is for the rest.
//!
//! [`ldtokens`]: https://docs.rs/ldtokens

mod api_version;
mod decode;
mod extra;
#[rustfmt::skip] // the generator formats it, and `cargo xtask generate --check` compares bytes
#[allow(missing_docs, unreachable_pub, unused_imports)]
mod generated;
mod lenient;
mod links;
mod open_enum;
mod operation;
mod policy;
mod read_token;
mod role;
mod secret;
mod token_expiry;
mod token_id;
mod transport;
mod unix_millis;

pub use api_version::{ApiVersion, InvalidApiVersion};
pub use extra::Extra;
pub use generated::{Client, Error, ResponseValue, builder, types};
pub use links::{Link, Links};
pub use operation::{Operation, Route};
pub use policy::{Actions, InvalidPolicy, Policy, Resources, Statement};
pub use read_token::{ReadToken, arrived_properties, read_token, readable_properties};
pub use role::Role;
pub use secret::Secret;
pub use token_id::{InvalidTokenId, TokenId};
pub use transport::{Exchange, SharedTransport, Transport};
pub use unix_millis::UnixMillis;

/// The HTTP client that the generated code speaks through.
pub use reqwest;

/// Compiles the example of the crate's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
