//! The audit: rules, reports, outputs, and whole accounts.
#![allow(unreachable_pub)] // one binary: `pub` is for its other modules

mod accounts;
mod diffs;
mod inventories;
mod model;
mod outputs;
mod page;
mod policies;
mod reports;
mod rules;
mod support;
mod takeovers;
