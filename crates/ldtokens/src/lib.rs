//! LaunchDarkly access tokens from Rust.
//!
//! Access tokens are live credentials: whoever holds one can change what millions of users see. This client knows which
//! request may be repeated and which would make a credential that nobody holds; it waits for the rate limit's window
//! instead of running into it; and its secrets never print.

mod api_error;
mod api_version;
mod attempt;
mod base_url;
mod builder;
mod client;
mod clock;
mod edit;
mod environment;
mod error;
mod issued;
mod list;
mod new_token;
mod observe;
mod operation;
mod overlap;
mod pacing;
mod patch;
mod policy;
mod recover;
mod retry;
mod send;
mod server_time;
mod stream;
mod token_id;

pub use api_version::{ApiVersion, UnknownApiVersion};
pub use base_url::Region;
pub use builder::ClientBuilder;
pub use client::Client;
pub use clock::Clock;
pub use environment::{CREDENTIAL_VARIABLES, HOST_VARIABLES};
pub use error::{ApiError, ConfigError, Error};
pub use issued::IssuedToken;
pub use list::{List, Page};
pub use new_token::{NewToken, Permissions};
pub use observe::{AttemptSeen, CallSeen, Observer};
pub use operation::Operation;
pub use overlap::Overlap;
pub use patch::Patch;
pub use policy::{Actions, InvalidPolicy, Policy, Resources, Statement};
pub use retry::RetryPolicy;
pub use stream::TokenStream;
pub use token_id::{InvalidTokenId, TokenId};

pub use ldtokens_client::types::{BaseRole, MemberSummary, PatchOperation, PatchOperationOp, Token};
pub use ldtokens_client::{Role, Secret, UnixMillis, reqwest};

/// The generated client beneath the facade, for what the facade has no word for; [`Client::raw`] gives one that is ready.
pub use ldtokens_client as raw;
