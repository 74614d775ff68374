//! The real binary, against a real server.
#![allow(unreachable_pub)] // one binary: what is public is so to its other modules

mod arguments;
mod bash_client;
#[cfg(unix)]
mod connections;
#[cfg(unix)]
mod credentials;
#[cfg(unix)]
mod deliveries;
mod demo;
#[cfg(unix)]
mod dry_runs;
mod durability;
mod formats;
#[cfg(unix)]
mod forms;
#[cfg(unix)]
mod gate;
#[cfg(unix)]
mod hidden_text;
mod local;
#[cfg(unix)]
mod login;
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
#[cfg(unix)]
mod told;
mod verbs;
#[cfg(unix)]
mod voice;
mod whoami;
mod yaml;
