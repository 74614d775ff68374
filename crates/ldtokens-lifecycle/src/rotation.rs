//! Rotation: a token's new secret is issued, delivered and verified before the old one ends.

mod batch;
mod deliver;
mod error;
mod issue;
mod journal;
mod journals;
mod next_step;
mod observe;
mod options;
mod replacement;
mod report;
mod retire;
mod run;

pub use batch::rotate_all;
pub use error::{Error, NotDelivered, Stuck};
pub use journal::{Journal, NewSecret, Step, TokenState};
pub use journals::{Journals, LockedJournal};
pub use options::{Options, Strategy};
pub use replacement::{MARKER, has_marker};
pub use report::{Delivery, Report};
pub use retire::noted_time;
pub use run::Rotation;
