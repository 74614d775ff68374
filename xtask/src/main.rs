//! The build steps of ldtokens.
//!
//! `cargo xtask generate` writes the client's code from `openapi.yaml`; `cargo xtask generate --check` fails when the
//! checked-in code is not what the document gives.

mod client_code;
mod generate;
mod operations_table;

use std::path::Path;

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

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace's root");
    match Xtask::parse().step {
        Step::Generate { check } => generate::run(root, check),
    }
}
