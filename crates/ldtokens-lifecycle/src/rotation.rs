//! Rotation: a token's new secret is issued, delivered and verified before the old one ends.

mod batch;
mod error;
mod find;
mod issue;
mod journal;
mod journals;
mod options;
mod plan;
mod replacement;
mod report;
mod retire;
mod run;

pub use batch::rotate_all;
pub use error::{Error, NotDelivered, Stuck};
pub use journal::{Journal, NewSecret, Step, TokenState};
pub use journals::{Journals, LockedJournal};
pub use options::{Options, Strategy};
pub use replacement::{MARKER, has_marker, noted_time};
pub use report::Report;
pub use run::Rotation;
