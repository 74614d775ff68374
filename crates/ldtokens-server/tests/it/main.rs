//! The server over real sockets, by plain HTTP.
#![allow(unreachable_pub)] // one binary: what is public is so to its other modules

mod access;
mod contract;
mod lists;
mod operations;
mod patches;
mod protocol;
mod stores;
mod support;
