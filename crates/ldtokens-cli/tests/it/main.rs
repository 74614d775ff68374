//! The real binary, against a real server.
#![allow(unreachable_pub)] // one binary: what is public is so to its other modules

mod demo;
mod durability;
#[cfg(unix)]
mod gate;
mod operations;
#[cfg(unix)]
mod pty;
mod refusals;
mod secrets;
mod serve;
mod support;
#[cfg(unix)]
mod terminal;
