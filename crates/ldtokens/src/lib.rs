#![doc = include_str!("../docs/overview.md")]
//!
//! # Features
//!
//! `rustls`, on by default, adds HTTPS. It uses the crypto provider that the program has installed for rustls, or else ring;
//! this crate installs none. Without this feature, the client speaks plain HTTP to loopback, or uses an HTTP client of your
//! own.
//!
//! `blocking` adds the module `blocking`, for programs that are not async. It starts one thread for each client.
//!
//! If your program builds its own `reqwest::Client`, enable one of reqwest's TLS features or install a provider for rustls:
//! see [`ClientBuilder::http_client`].
//!
//! # Other crates in this interface
//!
//! [`ClientBuilder::http_client`], [`proxy`](ClientBuilder::proxy), [`dry_run`](ClientBuilder::dry_run) and
//! [`Client::request`] use types of reqwest 0.13, and [`Client::call`] uses the generated client. [`raw`] re-exports both. A
//! new major version of either can be a breaking change here. The types of tokens and patches are generated, and those of
//! errors, retries and observers are from `ldtokens-core`; all are in the root of this crate.

#[cfg(feature = "blocking")]
pub mod blocking;
mod caller_identity;
mod client;
mod config;
mod request;
mod tokens;

pub mod guide;

pub use caller_identity::CallerIdentity;
pub use client::Client;
pub use config::builder::ClientBuilder;
pub use config::environment::{CREDENTIAL_VARIABLES, HOST_VARIABLES};
pub use config::region::Region;
pub use request::RequestBuilder;
pub use tokens::issued::IssuedToken;
pub use tokens::list::{List, Page};
pub use tokens::new_token::{NewToken, Permissions};
pub use tokens::overlap::Overlap;
pub use tokens::patch::Patch;
pub use tokens::stream::{Incomplete, TokenStream};

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

/// The README's example is compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// Compiles the example of the crate's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct CrateReadme;
