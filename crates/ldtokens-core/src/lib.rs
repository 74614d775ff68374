//! How [`ldtokens`] sends every request to LaunchDarkly's API: deadlines, rate limits, safe retries, and errors.
//!
//! A [`Sender`] sends requests with one credential. It takes requests from the generated client
//! ([`Sender::call`]), or any others ([`Sender::send`]).
//!
//! | file | what it decides |
//! | --- | --- |
//! | `sender.rs` | the order of the steps, for one call |
//! | `prepare.rs` | the headers, and which paths and expiries are refused |
//! | `rate_limiter.rs` | when a request may be sent: after a 429, and in the rate limits' windows |
//! | `rate_limit_headers.rs`, `server_time.rs` | what a response's headers say about limits and the server's clock |
//! | `attempt.rs`, `api_error.rs` | what one response, or no response, means |
//! | `retry.rs` | whether to try again |
//! | `call.rs`, `body.rs` | how requests of the generated client are sent, and bodies that are not printed |
//! | `dry_run.rs`, `observe.rs` | what is shown instead of sent, and what observers get |
//!
//! Most programs want [`ldtokens`], which adds settings, HTTPS, lists and edits. This crate
//! chooses no TLS: enable one of reqwest's TLS features, such as `rustls`, for HTTPS.
//!
//! [`ldtokens`]: https://docs.rs/ldtokens

mod api_error;
mod attempt;
mod base_url;
mod body;
mod call;
mod clock;
mod config_error;
mod dry_run;
mod error;
mod observe;
mod prepare;
mod rate_limit_headers;
mod rate_limiter;
mod retry;
mod sender;
mod server_time;

pub use base_url::BaseUrl;
pub use body::{Body, Response};
pub use call::DecodedResponse;
pub use clock::Clock;
pub use config_error::ConfigError;
pub use dry_run::{DryRun, DryRunConfig};
pub use error::{ApiError, Error, TransportError, innermost_cause};
pub use observe::{AttemptEvent, Observer, Outcome};
pub use prepare::authorization_header;
pub use retry::RetryPolicy;
pub use sender::{SendOptions, Sender, Settings};

/// Compiles the example of the crate's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
