//! Rotation against a real server.
#![allow(unreachable_pub)] // one binary: what is public is so to its other modules

mod again;
mod at_once;
mod destinations;
mod dropped_anywhere;
mod ends;
mod github;
mod local;
mod revocations;
mod rotations;
mod spawnable;
mod support;
mod verified;
