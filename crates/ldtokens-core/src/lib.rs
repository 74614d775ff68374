//! How [`ldtokens`] sends every request to LaunchDarkly's API: deadlines, rate limits, safe retries, and errors.
//!
//! A [`Sender`] sends requests with one credential. It takes requests from the generated client
//! ([`Sender::call`]), or any others ([`Sender::send`]).
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
mod error;
mod prepare;
mod rate_limiter;
mod response_headers;
mod retry;
mod sender;
mod settings;

pub use base_url::BaseUrl;
pub use body::{Body, Response};
pub use call::DecodedResponse;
pub use error::{ApiError, ConfigError, Error, TransportError, innermost_cause};
pub use prepare::authorization_header;
pub use sender::Sender;
pub use settings::{AttemptEvent, Clock, DryRun, DryRunConfig, Observer, Outcome, RetryPolicy, SendOptions, Settings};

/// Compiles the example of the crate's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
#[path = "../tests/unit/all.rs"]
mod tests;
