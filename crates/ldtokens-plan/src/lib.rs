//! LaunchDarkly access tokens as code, without a state file.
//!
//! A [`TokensFile`] says which tokens there are, what they may do and where their secrets go. [`Account::read`] reads the account,
//! [`Plan::new`] compares both, and [`apply`] carries the plan out. A managed token has the marker `[ldtokens:KEY]` at the end of
//! its description. Tokens without it are never changed.
//!
//! A new secret always comes with a new token: the token is created with the marker `[ldtokens:KEY new]`, its secret is delivered and
//! tried, the old token gets an expiry and the marker `[ldtokens:KEY old until TIME]`, and only then the new token gets its final
//! marker. So at each moment the account and the destinations say what is left to do, and another run continues.
//!
//! ```
//! use ldtokens_plan::{Account, ApplyOptions, Plan, TokensFile, apply};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = ldtokens_server::Server::start().await?;
//! # let client = ldtokens::Client::builder(server.owner_secret().unwrap().clone()).host(server.url()).build()?;
//! # let folder = tempfile::tempdir()?;
//! # let secret = folder.path().join("export.secret");
//! let file: TokensFile = serde_json::from_value(serde_json::json!({ "tokens": [{
//!     "key": "export", "name": "Nightly export", "role": "reader", "serviceToken": true, "lifetime": "90d",
//!     "destinations": [{ "file": secret }],
//! }]}))?;
//! file.check()?;
//! let account = Account::read(&client, &file).await?;
//! let plan = Plan::new(&file, &account);
//! let applied = apply(&client, &file, &plan, ApplyOptions::default(), |_| ()).await?;
//! assert!(applied.failed.is_empty());
//! let again = Plan::new(&file, &Account::read(&client, &file).await?);
//! assert!(again.actions.is_empty() && again.problems.is_empty());
//! # Ok(())
//! # }
//! ```

mod account;
mod apply;
mod compare;
mod destination;
mod error;
mod export;
mod file;
mod issue;
mod length;
mod marker;
mod plan;
mod render;
mod roles;

pub use account::Account;
pub use apply::{Applied, ApplyOptions, apply, undeliverable};
pub use compare::Change;
pub use destination::{DestinationSpec, Taken};
pub use error::PlanError;
pub use export::{Export, adopt, export};
pub use file::{ManagedToken, TokensFile};
pub use length::Length;
pub use marker::{Marker, State};
pub use plan::{Action, Kind, Plan};
pub use roles::{CustomRoles, is_id};

/// Compiles the example of the crate's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
