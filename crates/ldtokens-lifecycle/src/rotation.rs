//! Rotation: a token's new secret is issued, delivered and verified before the old one ends.

mod check;
mod find;
mod issue;
mod journal;
mod options;
mod plan;
mod replacement;
mod report;
mod retire;
mod run;

pub use journal::{Journal, Journals, Step};
pub use options::{Options, Strategy};
pub use replacement::{has_marker, noted_time, without_notes};
pub use report::Report;
pub use run::Rotation;
