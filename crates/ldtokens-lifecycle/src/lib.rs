#![doc = include_str!("../README.md")]

mod delivery;
pub mod destinations;
mod error;
mod file;
mod revocation;
mod rotation;
mod verify;

pub use delivery::{Delivery, Replaceable};
pub use destinations::{Delivered, Destination, Metadata};
pub use error::{Error, Reason, Step};
pub use file::Contents;
pub use revocation::{Finding, KeyKind, Leak, LeakedToken, OtherKey, Revocation, Revoked, Scan, find_key};
pub use rotation::{Journal, Journals, Options, Report, Rotation, Strategy, has_marker, noted_time, without_notes};
pub use verify::{Verified, describe, has_secret_prefix, identity_of, verify};
