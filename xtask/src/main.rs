//! `cargo xtask`: the build steps of ldtokens.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};
use xtask::Then;

/// The build steps of ldtokens.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Xtask {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write all files generated from openapi.yaml.
    Generate {
        /// Change nothing; fail if a generated file is out of date.
        #[arg(long)]
        check: bool,
    },
    /// Compare the vendor's document with openapi.yaml: list intentional differences, and news.
    Import {
        /// The vendor's whole document: a file or a URL, YAML or JSON, OpenAPI 3.0 or 3.1, gzipped or not.
        source: String,
        /// Add to openapi.yaml what is only an addition; then run `cargo xtask generate`.
        #[arg(long, conflicts_with = "check")]
        apply: bool,
        /// Fail if there is news.
        #[arg(long)]
        check: bool,
    },
    /// Compare the speed of ldtokens with its alternatives, in under ten minutes on an idle machine.
    Bench {
        /// `--quick` runs each comparison once, briefly, without optimisation, to check that all work; `--json FILE` also writes
        /// the numbers to a file; and only the comparisons that are named are run: calls, stream, list, command, bulk, build.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Classify each change between two documents, for callers of the API and for users of the crates.
    Diff {
        /// A file, a URL, or a git revision of openapi.yaml.
        old: String,
        /// A file, a URL, or a git revision of openapi.yaml.
        new: String,
    },
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace's root");
    match run(root, Xtask::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, task: Task) -> Result<()> {
    match task {
        Task::Generate { check: false } => xtask::generate(root),
        Task::Generate { check: true } => xtask::check(root),
        Task::Import { source, apply, check } => {
            let then = match (apply, check) {
                (true, _) => Then::Apply,
                (_, true) => Then::Check,
                _ => Then::Report,
            };
            xtask::import(root, &source, then)
        }
        Task::Bench { arguments } => bench(&arguments),
        Task::Diff { old, new } => {
            let read = |source: String| xtask::document(root, &source);
            let (old, new) = std::thread::scope(|scope| {
                let old = scope.spawn(|| read(old));
                let new = read(new);
                (old.join().expect("it does not panic"), new)
            });
            print!("{}", xtask::Diff::of(&old?, &new?));
            Ok(())
        }
    }
}

/// The benchmarks are a package of their own, so that nobody who builds the rest compiles what they need.
fn bench(arguments: &[String]) -> Result<()> {
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--locked", "--package", "ldtokens-bench"]);
    cargo.args((!is_quick).then_some("--release")).arg("--").args(arguments);
    ensure!(cargo.status()?.success(), "the benchmarks failed");
    Ok(())
}
