//! `cargo xtask`: the build steps of ldtokens.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::Then;
use xtask::api::{compare, read};

/// The build steps of ldtokens.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Xtask {
    #[command(subcommand)]
    step: Step,
}

#[derive(Subcommand)]
enum Step {
    /// Write everything that is made from openapi.yaml.
    Generate {
        /// Change nothing; fail if what is checked in is not what openapi.yaml gives.
        #[arg(long)]
        check: bool,
    },
    /// Compare the vendor's document with openapi.yaml: what is meant to differ, and what is news.
    Import {
        /// The vendor's whole document: a file or a URL, YAML or JSON, OpenAPI 3.0 or 3.1, gzipped or not.
        source: String,
        /// Put into openapi.yaml what only adds; then run `cargo xtask generate`.
        #[arg(long, conflicts_with = "check")]
        apply: bool,
        /// Fail if there is news.
        #[arg(long)]
        check: bool,
    },
    /// Class each change between two documents, for callers of the API and for users of the crates.
    Diff {
        /// A file, a URL, or a git revision of openapi.yaml.
        old: String,
        /// A file, a URL, or a git revision of openapi.yaml.
        new: String,
    },
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace's root");
    match run(root, Xtask::parse().step) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, step: Step) -> Result<()> {
    match step {
        Step::Generate { check: false } => xtask::generate(root),
        Step::Generate { check: true } => xtask::check(root),
        Step::Import { source, apply, check } => {
            let then = match (apply, check) {
                (true, _) => Then::Apply,
                (_, true) => Then::Check,
                _ => Then::Report,
            };
            xtask::import(root, &source, then)
        }
        Step::Diff { old, new } => {
            let [old, new] = [old, new].map(|source| {
                let document = xtask::document_or_revision(root, &source)?;
                read(&document, |_| true)
            });
            print!("{}", xtask::report(&compare(&old?, &new?)));
            Ok(())
        }
    }
}
