//! The real binary, against a real server.
#![allow(unreachable_pub)] // one binary: what is public is so to its other modules

mod demo;
mod durability;
mod operations;
mod refusals;
mod secrets;
mod serve;
mod shell;
mod support;
