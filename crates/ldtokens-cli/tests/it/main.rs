//! The real binary, against a real server.
#![allow(unreachable_pub)] // one binary: what is public is so to its other modules

mod bash_client;
mod deliveries;
mod demo;
mod durability;
mod formats;
mod local;
mod operations;
mod profiles;
mod refusals;
mod secrets;
mod serve;
mod shell;
mod statuses;
mod support;
mod verbs;
