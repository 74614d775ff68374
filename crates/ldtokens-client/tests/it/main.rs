//! The generated client: what it is, and what was put into it by hand.

mod schemas;
mod snapshots;
mod wire;
