//! The real binary, against a real server.
#![allow(unreachable_pub)] // one binary: what is public is so to its other modules

mod bash_client;
mod deliveries;
mod demo;
mod durability;
mod formats;
#[cfg(unix)]
mod gate;
mod local;
mod operations;
mod profiles;
#[cfg(unix)]
mod pty;
mod refusals;
mod secrets;
mod serve;
mod statuses;
mod support;
#[cfg(unix)]
mod terminal;
mod verbs;
