//! Configuration: how a client is built, from code or from the environment.

pub(crate) mod builder;
pub(crate) mod environment;
pub(crate) mod region;
#[cfg(feature = "rustls")]
mod tls;
