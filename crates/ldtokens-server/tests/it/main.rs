//! The server over real sockets, by plain HTTP.
#![allow(unreachable_pub)] // one binary: what is public is so to its other modules

mod access;
mod bounds;
mod conflicts;
mod contract;
mod faults;
mod identity_and_roles;
mod lifetime;
mod lists;
mod operations;
mod page;
mod patches;
mod permissions;
mod properties;
mod protocol;
mod stores;
mod strict;
mod support;
mod terraform;
mod token_model;
