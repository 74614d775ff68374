//! `cargo xtask bench`: what ldtokens costs, compared with what a user would choose instead.
//!
//! The contenders take turns, so that other load on the machine affects all of them equally, and ratios are taken round by
//! round. Contenders that make requests are processes of their own (`worker.rs`).

mod comparisons;
mod contenders;
mod https;
mod local;
mod measure;
mod peers;
mod report;
mod stub;
mod worker;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use ldtokens_server::Limits;

use crate::comparisons::{build, bulk, calls, command, list, stream};
use crate::local::Local;
use crate::report::Report;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["worker", name] => contenders::work(name),
        _ => Wanted::read(&arguments).and_then(|wanted| bench(&wanted)),
    };
    if let Err(error) = done {
        eprintln!("ldtokens-bench: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The names by which comparisons can be chosen.
const COMPARISONS: [&str; 6] = ["calls", "stream", "list", "command", "bulk", "build"];

struct Wanted {
    quick: bool,
    json: Option<PathBuf>,
    only: Vec<String>,
}

impl Wanted {
    fn read(arguments: &[String]) -> Result<Self> {
        let mut wanted = Self { quick: false, json: None, only: Vec::new() };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => wanted.quick = true,
                "--json" => wanted.json = Some(arguments.next().context("--json takes a file's name")?.into()),
                name if COMPARISONS.contains(&name) => wanted.only.push(name.to_owned()),
                _ => bail!("{argument} is not --quick, --json FILE or one of {}", COMPARISONS.join(", ")),
            }
        }
        Ok(wanted)
    }

    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}

fn bench(wanted: &Wanted) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("the workspace has a root")?;
    let executable = std::env::current_exe()?;
    let built = executable.parent().context("a program is in a folder")?;
    let folder = built.parent().context("it is in the target folder")?.join("bench");
    std::fs::create_dir_all(&folder)?;
    let release = !cfg!(debug_assertions);
    let quick = wanted.quick;
    let mut report = Report::begin();
    let mut peers = peers::Peers::default();
    if ["calls", "list", "command"].iter().any(|name| wanted.wants(name)) {
        peers = peers::prepare(root, &folder, release, &mut report);
    }
    if wanted.wants("calls") {
        let local = Local::start(contenders::PAGE, Limits::none())?;
        let (place, _) = local.recorded(contenders::PAGE, stub::Conditions::default())?;
        report.rows.extend(calls::compare_calls(&place, &peers, quick)?);
    }
    if wanted.wants("stream") {
        let tokens = if quick { 1_000 } else { 100_000 };
        report.rows.extend(stream::compare_streams(&Local::start(tokens, Limits::none())?, quick)?);
    }
    let program = built.join("ldtokens");
    // For a quick run, the one that the tests were built with will do.
    if (wanted.wants("list") || wanted.wants("command")) && !(quick && program.exists()) {
        let mut build = Command::new("cargo");
        build.args(["build", "--quiet", "--package", "ldtokens-cli"]).args(release.then_some("--release"));
        peers::run(build.current_dir(root))?;
    }
    if wanted.wants("list") {
        let local = Local::start(if quick { 1_000 } else { 10_000 }, Limits::none())?;
        report.rows.extend(list::compare_lists(&program, &local, &peers, quick)?);
    }
    if wanted.wants("command") {
        let local = Local::start(10, Limits::none())?;
        let rows = command::compare_command(&program, &local.place, &peers, &folder, quick, &mut report)?;
        report.rows.extend(rows);
    }
    if wanted.wants("bulk") {
        report.rows.push(bulk::compare_bulk(quick)?);
    }
    if wanted.wants("build") {
        report.rows.extend(build::compare_builds(root, &folder, quick)?);
    }
    report.print();
    if let Some(file) = &wanted.json {
        std::fs::write(file, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(())
}
