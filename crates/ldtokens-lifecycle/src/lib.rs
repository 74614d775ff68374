//! Rotation of LaunchDarkly access tokens that can be stopped at any moment and started again.
//!
//! [`Rotation`] gives a token a new secret, delivers it, verifies that it works, and only then ends the old one. Each step is
//! written to a [journal](Journals) first. To continue a rotation that was killed, run it again with the same arguments. The
//! old secret works until the new one is delivered and verified.
//!
//! There are two [strategies](Strategy). A reset gives the token another secret; the old one keeps working for the overlap. A
//! replacement creates a token with the same settings and deletes the old one.
//!
//! ```
//! use std::time::Duration;
//! use ldtokens::{BaseRole, Client, NewToken};
//! use ldtokens_lifecycle::{Destination, Journals, Options, Rotation, destinations::FileDestination};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = ldtokens_server::Server::start().await?;
//! # let client = Client::builder(server.owner_secret().unwrap().clone()).host(server.url()).build()?;
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("export.secret");
//! let token = client.create(&NewToken::new(BaseRole::Reader).name("Nightly export")).await?;
//! std::fs::write(&file, token.secret.expose())?;
//!
//! let journals = Journals::new(folder.path().join("rotations"));
//! let destinations: Vec<Box<dyn Destination>> = vec![Box::new(FileDestination::new(&file))];
//! let options = Options { overlap: Some(Duration::from_secs(3600)), ..Options::default() };
//! let report = Rotation::new(&client, token.id, destinations, options).run(&journals).await?;
//!
//! let new_secret = std::fs::read_to_string(&file)?;
//! assert_eq!(report.last_four, new_secret[new_secret.len() - 4..]);
//! # Ok(())
//! # }
//! ```
//!
//! [`Revocation`] finds the tokens of leaked secrets, and tries whether the secrets still work once a token is deleted or rotated.
//! [`Scan`] finds secrets in text, and [`verify`] checks whether a secret works.
//!
//! ```
//! use ldtokens::{BaseRole, Client, NewToken};
//! use ldtokens_lifecycle::{Revocation, Revoked, Scan};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = ldtokens_server::Server::start().await?;
//! # let client = Client::builder(server.owner_secret().unwrap().clone()).host(server.url()).build()?;
//! let token = client.create(&NewToken::new(BaseRole::Reader).name("Nightly export")).await?;
//! let log = format!("LD_ACCESS_TOKEN={}", token.secret.expose());
//!
//! let mut scan = Scan::default();
//! scan.read(log.as_bytes())?;
//! let revocation = Revocation::plan(&client, scan.secrets, &[]).await?;
//! for leaked in revocation.tokens() {
//!     let revoked = revocation.revoke(leaked, |client| async move { Ok(client.delete(&leaked.id).await?) }).await?;
//!     assert_eq!(revoked, Revoked::Done(()));
//! }
//! # assert!(client.get(&token.id).await.is_err());
//! # Ok(())
//! # }
//! ```

mod access;
mod delivery;
mod destination;
pub mod destinations;
mod error;
mod file;
mod revocation;
mod rotation;
mod time;
mod verify;

pub use delivery::{Delivered, Delivery, Replaceable};
pub use destination::{Contents, Destination, Metadata, Prepared};
pub use error::{Error, Reason};
pub use file::FilePart;
pub use revocation::{Finding, KeyKind, Leak, LeakedToken, OtherKey, Revocation, Revoked, Scan};
pub use rotation::{
    Journal, Journals, Options, Report, Rotation, Step, Strategy, has_marker, noted_time, without_notes,
};
pub use verify::{Verdict, Verified, describe, identity_of, verify};

/// Compiles the example of the crate's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
