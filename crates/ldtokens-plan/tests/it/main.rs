//! Tokens as code, against the local server over sockets and with real files.

#![allow(unreachable_pub)] // one binary: what is public is so to its other modules

mod applied;
mod exported;
mod interrupted;
#[path = "../../../ldtokens-lifecycle/tests/it/local.rs"]
mod local;
mod planned;
mod random_edits;
mod terraform;
mod world;
