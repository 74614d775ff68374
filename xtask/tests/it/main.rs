//! The build steps, on the project's own document and on others.
#![allow(missing_docs)]

mod circles;
mod compiles;
mod dependencies;
mod diff;
mod edits;
mod generate;
mod import;
mod lint;
mod mutations;
mod overlay;
mod pages;
mod promises;
mod reasons;
mod support;
