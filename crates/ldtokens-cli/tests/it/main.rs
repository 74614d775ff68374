//! The real binary, against a real server.
#![allow(unreachable_pub)] // one binary: what is public is so to its other modules

mod bash_client;
#[cfg(unix)]
mod deliveries;
mod demo;
#[cfg(unix)]
mod dry_runs;
mod durability;
mod formats;
#[cfg(unix)]
mod gate;
mod local;
mod operations;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(unix)]
mod profiles;
#[cfg(unix)]
mod pty;
mod readme;
mod refusals;
#[cfg(unix)]
mod rotate;
#[cfg(unix)]
mod rotate_crash;
#[cfg(unix)]
mod rotate_docs;
mod secrets;
mod serve;
mod shell;
mod statuses;
mod support;
#[cfg(unix)]
mod terminal;
mod verbs;
