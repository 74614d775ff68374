//! `cargo xtask`: the build steps of ldtokens.

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace's root");
    let done = match Xtask::parse().step {
        Step::Generate { check: false } => xtask::generate(root),
        Step::Generate { check: true } => xtask::check(root),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
