//! The real binary, against a real server.
#![allow(unreachable_pub)] // one binary: what is public is so to its other modules

mod demo;
mod durability;
mod formats;
mod operations;
mod refusals;
mod secrets;
mod serve;
mod support;
mod verbs;
