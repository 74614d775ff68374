#![doc = include_str!("../README.md")]

mod audit;
mod date;
mod diff;
mod inventory;
mod outputs;
mod policy;
mod report;
mod rule;
mod rules;

pub use audit::audit;
pub use diff::{Change, Diff, Kind, diff};
pub use inventory::{Gap, Inventory, Scope, sees_all};
pub use outputs::{csv, html, markdown, prometheus};
pub use policy::{Exception, Policy};
pub use report::{Accepted, Finding, Report, Subject};
pub use rule::{Rule, Severity};
