//! Leaked secrets: find them in text, find out whose they are, and delete or reset their tokens.

pub(crate) mod carry_out;
pub(crate) mod plan;
pub(crate) mod scan;
