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
//! use ldtokens_server::{Clock, Server};
//!
//! let clock = Clock::manual(UnixMillis::new(1_754_006_400_000));
//! let server = Server::builder().clock(clock.clone()).start().await?;
//! println!("{} as {:?}", server.url(), server.owner_secret());
//! clock.advance(Duration::from_secs(3600)); // what expires in an hour has expired
//! server.stop().await;
//! # Ok(())
//! # }
//! ```

mod access;
mod account;
mod admin;
mod answer;
mod builder;
mod clock;
mod connections;
mod document;
mod fault;
mod faults;
mod judge;
mod limits;
mod middleware;
mod operations;
mod policy;
mod routes;
mod secrets;
mod seed;
mod server;
mod session;
mod start_error;
mod store;

pub use account::{Account, InvalidAccount};
pub use builder::ServerBuilder;
pub use clock::Clock;
pub use fault::{Effect, Fault, InvalidFault};
pub use faults::Faults;
pub use limits::Limits;
pub use server::Server;
pub use start_error::StartError;
