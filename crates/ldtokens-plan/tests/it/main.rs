//! Tokens as code, against the local server over sockets and with real files.

mod applied;
mod exported;
mod interrupted;
mod planned;
mod random_edits;
mod world;
