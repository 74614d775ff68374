//! One file for each comparison.

pub(crate) mod build;
pub(crate) mod bulk;
pub(crate) mod calls;
pub(crate) mod command;
pub(crate) mod list;
pub(crate) mod stream;
