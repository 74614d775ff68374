//! The facade against the local server, over real sockets.

#![allow(unreachable_pub)] // one binary: what is public is so to its other modules

#[cfg(feature = "blocking")]
mod blocking;
mod clock;
mod creates;
mod deadlines;
mod edits;
mod errors;
mod odd_responses;
mod overlaps;
mod pages;
mod proxy;
mod public_items;
mod rate_limits;
mod requests;
mod retries;
mod secrets;
mod settings;
mod six_operations;
mod storm;
mod support;
mod tls;
mod whoami;
mod wire;
