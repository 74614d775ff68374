//! The facade against the local server, over real sockets.

mod clock;
mod creates;
mod deadlines;
mod edits;
mod errors;
mod pages;
mod proxy;
mod rate_limits;
mod retries;
mod secrets;
mod settings;
mod six_operations;
mod storm;
mod support;
