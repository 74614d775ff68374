//! The generated client for LaunchDarkly's access tokens, beneath the [`ldtokens`] facade.
//!
//! [`Client`] and everything in [`types`] and [`builder`] is written by `cargo xtask generate` from the project's
//! `openapi.yaml`. Written by hand is only what that document can't express: [`Secret`], which never prints itself;
//! [`TokenId`], which can't lead to another path; [`Role`], which keeps a role it does not know; [`UnixMillis`], the API's
//! time; [`ApiVersion`]; [`Policy`], which can't hold a statement that says nothing or contradicts itself; [`Links`], which
//! is read without a map; [`Extra`], which prints names only; [`read_token`], for a token of which something can't be read;
//! and [`Transport`], through which every request of the generated client goes. The table of
//! [`operations`] is generated too.
//!
//! The types read liberally: `null` is absence, a whole number may be written as a float, an unknown value of an enum is
//! kept as `Other`, and an unknown property of a token in its `extra`.
//!
//! Most programs want the facade, which retries, paces, pages and redacts. This crate is its escape hatch.
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
pub mod operations;
mod policy;
mod read_token;
mod role;
mod secret;
mod token_id;
mod transport;
mod unix_millis;

pub use api_version::{ApiVersion, InvalidApiVersion};
pub use extra::Extra;
pub use generated::{Client, Error, ResponseValue, builder, types};
pub use links::{Link, Links};
pub use policy::{Actions, InvalidPolicy, Policy, Resources, Statement};
pub use read_token::{ReadToken, read_token};
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
