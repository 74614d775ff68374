//! LaunchDarkly access tokens from Rust.
//!
//! Access tokens are live credentials: whoever holds one can change what millions of users see. This client knows which
//! request may be repeated and which would make a credential that nobody holds; it waits for the rate limit's window
//! instead of running into it; and its secrets never print.
//!
//! ```
//! use std::time::Duration;
//! use ldtokens::{BaseRole, Client, Error, NewToken, Overlap};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // A local LaunchDarkly. For the real one: `Client::from_env()?`
//!     let server = ldtokens_server::Server::start().await?;
//!     let owner = server.owner_secret().expect("it was just made").clone();
//!     let client = Client::builder(owner).host(server.url()).build()?;
//!
//!     // Create: also where an answer is lost, there is exactly one such token, and its secret is here.
//!     let export = client.create_or_recover(&NewToken::new(BaseRole::Reader).name("Nightly export").service()).await?;
//!     deliver(export.secret.expose());
//!
//!     // Stream: page after page, the next one asked for meanwhile.
//!     let mut tokens = client.list().all_members(true).stream();
//!     while let Some(token) = tokens.next().await {
//!         let token = token?;
//!         println!("{} {}", token.id, token.name.unwrap_or_default());
//!     }
//!
//!     // Edit: only what differs is written, and nothing that was not seen is overwritten.
//!     client.edit(&export.id, |token| token.description = Some("Feeds the warehouse".into())).await?;
//!
//!     // Rotate: for an hour both secrets work.
//!     match client.reset(&export.id, Overlap::For(Duration::from_secs(3600))).await {
//!         Ok(rotated) => println!("hand out the new secret of {}", rotated.id),
//!         Err(Error::OutcomeUnknown { .. }) => println!("the answer is lost: reset again"),
//!         Err(error) => return Err(error.into()),
//!     }
//!     client.delete(&export.id).await?;
//!     Ok(())
//! }
//! # fn deliver(_secret: &str) {}
//! ```
//!
//! # Errors of every call
//!
//! Any call can end in [`Error::Unauthorized`], [`Error::Forbidden`], [`Error::InvalidRequest`], [`Error::RateLimited`],
//! [`Error::Server`], [`Error::Unexpected`], [`Error::Transport`] or [`Error::Undecodable`]. The documentation of each
//! names those beyond.
//!
//! # What a retry may do
//!
//! | operation | after no usable answer | after 429, 503 with `Retry-After`, or no connection |
//! | --- | --- | --- |
//! | `getToken`, `getTokens` | again | again |
//! | `deleteToken` | again; then 404 means done | again |
//! | `patchToken`, where doing it twice does no more than once | again; then 409 or 422 is [`Error::OutcomeUnknown`] | again |
//! | `patchToken` otherwise (`move`, `copy`, `add` or `remove` in a list) | [`Error::OutcomeUnknown`] | again |
//! | `postToken`, `resetToken` | [`Error::OutcomeUnknown`] | again |
//!
//! A 5xx other than 503 with `Retry-After` is no usable answer: something between here and the API may have answered for
//! it. [`RetryPolicy`] says how long and how often; the rate limit's headers say when.
//!
//! # Seeing what happens
//!
//! Each call is a `tracing` span `call` with the operation and the token's ID, and each attempt a span `attempt` in it with
//! its number and the wait before it, at whose end an event tells status, time and request ID; all at level DEBUG. An [`Observer`] is told the same. Neither ever sees a header or a body.
//!
//! # Features
//!
//! `rustls`, on by default, is HTTPS. Its cryptography is ring's, or what the program has installed as rustls' default
//! provider; this crate installs none. Without the feature the client speaks plain HTTP to loopback, or through a
//! [`reqwest::Client`] of your own, for which you depend on reqwest with a TLS feature yourself.

mod client;
mod config;
mod error;
mod send;
mod token_id;
mod tokens;

pub use client::Client;
pub use config::api_version::{ApiVersion, UnknownApiVersion};
pub use config::base_url::Region;
pub use config::builder::ClientBuilder;
pub use config::environment::{CREDENTIAL_VARIABLES, HOST_VARIABLES};
pub use error::{ApiError, ConfigError, Error};
pub use send::clock::Clock;
pub use send::dry_run::DryRun;
pub use send::observe::{AttemptSeen, CallSeen, Observer};
pub use send::operation::Operation;
pub use send::request::RequestBuilder;
pub use send::retry::RetryPolicy;
pub use token_id::{InvalidTokenId, TokenId};
pub use tokens::issued::IssuedToken;
pub use tokens::list::{List, Page};
pub use tokens::new_token::{NewToken, Permissions};
pub use tokens::overlap::Overlap;
pub use tokens::patch::Patch;
pub use tokens::policy::{Actions, InvalidPolicy, Policy, Resources, Statement};
pub use tokens::stream::TokenStream;

pub use ldtokens_client::types::{BaseRole, MemberSummary, PatchOperation, PatchOperationOp, Token};
pub use ldtokens_client::{Role, Secret, UnixMillis, reqwest};

/// The generated client beneath the facade, for what the facade has no word for; [`Client::raw`] gives one that is ready.
pub use ldtokens_client as raw;

/// The README's example is compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
