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
pub use date::Date;
pub use diff::{Change, Diff, Kind, diff};
pub use inventory::{Format, Gap, Inventory, Scope, sees_all};
pub use outputs::{csv, html, markdown, prometheus};
pub use policy::{After, Exception, Limit, Plain, Policy, Rules, Within, Words};
pub use report::{Accepted, Finding, Report, Subject};
pub use rule::{Rule, Severity};
