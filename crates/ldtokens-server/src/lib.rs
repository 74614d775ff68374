//! A local LaunchDarkly: the six access-token operations, served over a real socket from an embedded store.
//!
//! The secrets of its tokens work. A reset keeps the old secret for the overlap. JSON Patches, permissions, rate limits and errors
//! are those of the API. So a program that works with it works with LaunchDarkly, and its tests need no account there.
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
//!     .fault("postToken drop-after times=1".parse()?) // the first create is carried out, and its response is lost
//!     .limits(Limits::none().account(300).route(60))
//!     .clock(clock.clone())
//!     .start()
//!     .await?;
//! println!("{} as {:?}", server.url(), server.secret("CI"));
//! clock.advance(Duration::from_secs(3600)); // an hour later, a new window has started and what expires in an hour has expired
//! server.stop().await;
//! # Ok(())
//! # }
//! ```

mod access;
mod account;
mod builder;
mod clock;
mod connections;
mod faults;
mod http;
mod operations;
mod response;
mod secrets;
mod server;
mod store;

pub use account::{Account, InvalidAccount};
pub use builder::{ServerBuilder, StartError};
pub use clock::Clock;
pub use faults::Faults;
pub use faults::fault::{Effect, Fault, InvalidFault};
pub use http::limits::Limits;
pub use server::Server;

/// Compiles the examples of the manual.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/local-server.md")]
struct Manual;

/// Compiles the example of the crate's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
