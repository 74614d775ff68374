//! A client for LaunchDarkly access tokens.
//!
//! An access token is a live credential: whoever has one can change what millions of users see. This client retries only
//! what can't create a credential that nobody has, keeps to the API's rate limits, and never prints a secret.
//!
//! ```no_run
//! use std::time::Duration;
//! use ldtokens::{BaseRole, Client, Error, NewToken};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! // The credential is in LD_ACCESS_TOKEN.
//! let client = Client::from_env()?;
//!
//! let export = client.create(&NewToken::new(BaseRole::Reader).name("Nightly export").service()).await?;
//! store(export.secret.expose()); // Store it now; the API never returns it again.
//!
//! let mut tokens = client.list().all_members(true).stream();
//! while let Some(token) = tokens.next().await {
//!     let token = token?;
//!     println!("{} {}", token.id, token.name.unwrap_or_default());
//! }
//!
//! client.edit(&export.id, |token| token.description = Some("Feeds the warehouse".into())).await?;
//!
//! // For an hour both secrets work.
//! let rotated = client.reset(&export.id, Duration::from_secs(3600)).await?;
//! store(rotated.secret.expose());
//!
//! client.delete(&export.id).await?;
//! # Ok(())
//! # }
//! # fn store(_secret: &str) {}
//! ```
//!
//! The same against a local LaunchDarkly, as in a test:
//!
//! ```
//! use ldtokens::{BaseRole, Client, Error, NewToken};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let server = ldtokens_server::Server::start().await?;
//!     let owner = server.owner_secret().expect("the server is new").clone();
//!     let client = Client::builder(owner).host(server.url()).build()?;
//!
//!     let token = client.create(&NewToken::new(BaseRole::Reader).name("Nightly export")).await?;
//!     client.delete(&token.id).await?;
//!     assert!(matches!(client.get(&token.id).await, Err(Error::NotFound(_))));
//!     Ok(())
//! }
//! ```
//!
//! # Guides
//!
//! - [`guide::errors`]: which errors there are, and what to do about each.
//! - [`guide::retries`]: what is retried, when, and what never is.
//! - [`guide::testing`]: how to test your own code with the local server.
//!
//! # Logs and metrics
//!
//! Each call is a `tracing` span `call` with the operation and the token's ID. Each attempt is a span `attempt` in it, with
//! an event for its status, time and request ID; all at level DEBUG. An [`Observer`] gets the same as typed values. Neither
//! ever gets a header or a body.
//!
//! # Features
//!
//! `rustls`, on by default, is HTTPS, with ring's cryptography or that of the default provider that the program has installed
//! for rustls; this crate installs none. Without it the client speaks plain HTTP to loopback, or uses an HTTP client of your
//! own.
//!
//! # Other crates in this interface
//!
//! [`raw`] has all of it: [`ClientBuilder::http_client`], [`proxy`](ClientBuilder::proxy) and
//! [`dry_run`](ClientBuilder::dry_run) take types of reqwest 0.13, [`Client::call`] and
//! [`Client::raw`] the generated client. A new major version of those can be a breaking change here; nothing else of them is
//! part of this crate's interface.

mod caller_identity;
mod client;
mod config;
mod credential;
mod error;
mod send;
mod tokens;

pub mod guide;

pub use caller_identity::CallerIdentity;
pub use client::Client;
pub use config::api_version::{ApiVersion, UnknownApiVersion};
pub use config::base_url::Region;
pub use config::builder::ClientBuilder;
pub use config::config_error::ConfigError;
pub use config::environment::{CREDENTIAL_VARIABLES, HOST_VARIABLES};
pub use error::{Error, TransportError};
pub use send::api_error::ApiError;
pub use send::clock::Clock;
pub use send::dry_run::DryRun;
pub use send::observe::{AttemptEvent, CallEvent, Observer};
pub use send::operation::Operation;
pub use send::request::RequestBuilder;
pub use send::retry::RetryPolicy;
pub use tokens::issued::IssuedToken;
pub use tokens::list::{Incomplete, List, Page};
pub use tokens::new_token::{NewToken, Permissions};
pub use tokens::overlap::Overlap;
pub use tokens::patch::Patch;
pub use tokens::policy::{Actions, InvalidPolicy, Policy, Resources, Statement};
pub use tokens::recover::{CleanUp, Leftovers};
pub use tokens::stream::TokenStream;

pub use ldtokens_client::types::{BaseRole, MemberSummary, PatchOperation, PatchOperationOp, Token};
pub use ldtokens_client::{InvalidTokenId, Role, Secret, TokenId, UnixMillis};

/// The generated client beneath this one, and the HTTP library, reqwest. [`Client::raw`] gives a generated client that is
/// ready to use.
pub mod raw {
    pub use ldtokens_client::{Client, Error, ResponseValue, builder, reqwest, types};
}

/// The README's example is compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
