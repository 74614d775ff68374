//! A local LaunchDarkly: the six access-token operations, served over a real socket from an embedded store.
//!
//! It creates tokens whose secrets work, keeps two secrets during the overlap of a reset, applies JSON Patches, enforces
//! roles and answers errors in the vendor's form; so what is written against it works against the vendor, and nothing
//! needs an account.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use ldtokens_client::UnixMillis;
//! use ldtokens_server::{Clock, Limits, Server};
//!
//! let clock = Clock::manual(UnixMillis::now());
//! let server = Server::builder()
//!     .account("{members: [{email: a@b.c, role: owner}], tokens: [{name: CI, member: a@b.c, role: admin}]}".parse()?)
//!     .fault("postToken drop-after times=1".parse()?) // the first create is done, and its answer lost
//!     .limits(Limits::none().account(300).route(60))
//!     .clock(clock.clone())
//!     .start()
//!     .await?;
//! println!("{} as {:?}", server.url(), server.secret("CI"));
//! clock.advance(Duration::from_secs(3600)); // the next window; what expires in an hour has expired
//! server.stop().await;
//! # Ok(())
//! # }
//! ```

mod access;
mod account;
mod account_size;
mod admin;
mod answer;
mod builder;
mod clock;
mod connections;
mod custom_role_ids;
mod document;
mod fault;
mod faults;
mod hosts;
mod identity_and_roles;
mod judge;
mod limits;
mod listing;
mod middleware;
mod operations;
mod patch;
mod places;
mod policy;
mod routes;
mod secrets;
mod seed;
mod server;
mod session;
mod shown;
mod start_error;
mod store;
mod strictness;
mod watched;

pub use account::{Account, InvalidAccount};
pub use builder::ServerBuilder;
pub use clock::Clock;
pub use fault::{Effect, Fault, InvalidFault};
pub use faults::Faults;
pub use limits::Limits;
pub use server::Server;
pub use start_error::StartError;

/// Compiles what the page shows.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/local-server.md")]
struct Page;

/// Compiles the example of the crate's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
