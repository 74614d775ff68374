//! The server over real sockets, through plain HTTP.
#![allow(unreachable_pub)] // all modules are one binary

mod access;
mod admin;
mod authorization_model;
mod cases;
mod conflicts;
mod connections;
mod contract;
mod expiry;
mod faults;
mod identity_and_roles;
mod lists;
mod manual;
mod operations;
mod patches;
mod permissions;
mod protocol;
mod random_callers;
mod random_requests;
mod start_and_stop;
mod store_files;
mod stores;
mod strict;
mod support;
mod terraform;
mod token_model;
