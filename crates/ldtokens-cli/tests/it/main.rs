//! The real binary, against a real server.
#![allow(unreachable_pub)] // one binary: `pub` is for its other modules

mod arguments;
mod as_code;
#[cfg(unix)]
mod as_code_crash;
mod audit;
mod bash_client;
#[cfg(unix)]
mod bulk;
#[cfg(unix)]
mod connections;
#[cfg(unix)]
mod credentials;
#[cfg(unix)]
mod day;
#[cfg(unix)]
mod delaying_proxy;
#[cfg(unix)]
mod deliveries;
mod demo;
#[cfg(unix)]
mod dry_runs;
mod durability;
#[cfg(unix)]
mod error_messages;
mod exit_statuses;
mod failures;
mod formats;
#[cfg(unix)]
mod hidden_text;
mod local;
#[cfg(unix)]
mod login;
#[cfg(unix)]
mod man;
mod messages;
mod operations;
#[cfg(unix)]
mod output_layout;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(unix)]
mod profiles;
#[cfg(unix)]
mod pty;
mod readme;
#[cfg(unix)]
mod revoke;
#[cfg(unix)]
mod rotate;
#[cfg(unix)]
mod rotate_crash;
#[cfg(unix)]
mod rotate_docs;
#[cfg(unix)]
mod rotate_edges;
#[cfg(unix)]
mod rotate_file;
mod secrets;
mod serve;
mod serve_logs;
mod serve_process;
mod shell;
mod support;
#[cfg(unix)]
mod terminal;
#[cfg(unix)]
mod times;
mod verbs;
#[cfg(unix)]
mod verify;
mod whoami;
mod yaml;
