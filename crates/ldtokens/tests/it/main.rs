//! The facade against the local server, over real sockets.

#![allow(unreachable_pub)] // one binary: what is public is so to its other modules

#[cfg(feature = "blocking")]
mod arrivals;
mod blocking;
mod clock;
mod create_or_recover;
mod deadlines;
mod edits;
mod errors;
mod operations;
mod overlaps;
mod pages;
mod pages_at_once;
mod proxy;
mod public_items;
mod random_faults;
mod rate_limits;
mod requests;
mod retries;
mod secrets;
mod settings;
mod support;
mod tls;
mod unexpected_responses;
mod whoami;
mod wire;
