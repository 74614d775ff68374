#![doc = include_str!("../docs/overview.md")]
//!
//! # Features
//!
//! `rustls`, on by default, adds HTTPS. It uses the crypto provider that the program has installed for rustls, or else ring;
//! this crate installs none. Without it, the client speaks plain HTTP to loopback, or uses an HTTP client of your own: see
//! [`ClientBuilder::http_client`]. `blocking` adds the module `blocking`, for programs that are not async.
//!
//! # Other crates in this interface
//!
//! Some methods use types of reqwest 0.13 and of the generated client, which [`raw`] re-exports. A new major version of either
//! can be a breaking change here.

#[cfg(feature = "blocking")]
pub mod blocking;
mod caller_identity;
mod client;
mod config;
mod create_or_recover;
mod issued;
mod list;
mod new_token;
mod patch;
mod request;
mod stream;
mod unexpected_response;

/// Guides: errors, retries and testing.
pub mod guide {
    #[doc = include_str!("../docs/errors.md")]
    pub mod errors {}

    #[doc = include_str!("../docs/retries.md")]
    pub mod retries {}

    #[doc = include_str!("../docs/testing.md")]
    pub mod testing {}
}

pub use caller_identity::CallerIdentity;
pub use client::Client;
pub use config::environment::{CREDENTIAL_VARIABLES, HOST_VARIABLES};
pub use config::{ClientBuilder, Region};
pub use issued::{IssuedToken, Overlap};
pub use list::{List, Page};
pub use new_token::{NewToken, Permissions};
pub use patch::Patch;
pub use request::RequestBuilder;
pub use stream::{Incomplete, TokenStream};

pub use ldtokens_client::types::{MemberSummary, PatchOperation, PatchOperationOp, Token};
pub use ldtokens_client::{Actions, ApiVersion, InvalidApiVersion, InvalidPolicy, Policy, Resources, Statement};
pub use ldtokens_client::{
    Exchange, Extra, InvalidTokenId, Link, Links, Operation, Role, Role as BaseRole, Secret, TokenId, Transport,
    UnixMillis,
};
pub use ldtokens_core::{
    ApiError, AttemptEvent, Body, Clock, ConfigError, DryRun, Error, Observer, Outcome, RetryPolicy, TransportError,
};

/// The generated client that this one is built on, and the HTTP libraries, reqwest and http. [`Client::call`] gives you a generated
/// client that is ready to use.
pub mod raw {
    pub use http;
    pub use ldtokens_client::{Client, Error, ResponseValue, builder, reqwest, types};
}

/// The examples of both READMEs are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../README.md")]
struct Readme;
