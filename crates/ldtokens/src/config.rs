//! Configuration: how a client is built, from code or from the environment.

pub(crate) mod base_url;
pub(crate) mod builder;
pub(crate) mod config_error;
pub(crate) mod environment;
#[cfg(feature = "rustls")]
mod tls;
