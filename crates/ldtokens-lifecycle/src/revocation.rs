//! Revocation: leaked secrets are found, their tokens identified, and then deleted or reset.

mod carry_out;
mod encodings;
mod plan;
mod scan;

pub use carry_out::{Destinations, Outcome, Remedy, Revoked};
pub use plan::{Finding, Leak, LeakedToken, Plan, Revocation};
pub use scan::{KeyKind, OtherKey, Scan};
