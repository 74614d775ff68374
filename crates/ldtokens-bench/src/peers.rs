//! The clients that others wrote or generate: got and built in the target folder, or left out with a word.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::report::Report;

/// What starts a worker.
type Start = Box<dyn Fn() -> Command>;

/// What is there to be measured beside.
#[derive(Default)]
pub(crate) struct Peers {
    /// Workers by name: what starts each.
    pub(crate) workers: Vec<(&'static str, Start)>,
    /// The Bash client that openapi-generator makes.
    pub(crate) bash_client: Option<PathBuf>,
}

/// The name of the peer whose page of tokens ours is held to.
pub(crate) const OPENAPI_RUST: &str = "openapi-generator's Rust client";

/// Gets the peers ready in `folder`.
pub(crate) fn prepare(root: &Path, folder: &Path, release: bool, report: &mut Report) -> Peers {
    let mut peers = Peers::default();
    let mut try_to = |what: &str, result: Result<()>| {
        if let Err(error) = result {
            report.skip(format!("{what}: {error:#}"));
        }
    };
    try_to("the Python client", python(folder).map(|start| peers.workers.push(("vendor's Python client", start))));
    try_to(
        "the TypeScript client",
        node(folder).map(|start| peers.workers.push(("vendor's TypeScript client", start))),
    );
    let rust = openapi_rust(root, folder, release);
    try_to(OPENAPI_RUST, rust.map(|start| peers.workers.insert(0, (OPENAPI_RUST, start))));
    try_to("the Bash client", bash(root, folder).map(|file| peers.bash_client = Some(file)));
    peers
}

/// A virtual environment with the Python client and with openapi-generator, which ships its Java archive.
fn python_environment(folder: &Path) -> Result<PathBuf> {
    let environment = folder.join("python");
    let bin = environment.join("bin");
    if !bin.join("openapi-generator-cli").exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        let packages = ["launchdarkly-api", "openapi-generator-cli"];
        run(Command::new(bin.join("python")).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
    }
    Ok(bin)
}

fn python(folder: &Path) -> Result<Start> {
    let python = python_environment(folder)?.join("python");
    run(Command::new(&python).args(["-c", "import launchdarkly_api"]))?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/python.py");
    Ok(Box::new(move || {
        let mut command = Command::new(&python);
        command.arg(&script);
        command
    }))
}

fn node(folder: &Path) -> Result<Start> {
    let modules = folder.join("node/node_modules");
    if !modules.join("launchdarkly-api-typescript").exists() {
        fs::create_dir_all(folder.join("node"))?;
        let install = ["install", "--silent", "--no-fund", "--no-audit", "--prefix"];
        let package = "launchdarkly-api-typescript";
        run(Command::new("npm").args(install).arg(folder.join("node")).arg(package))?;
    }
    run(Command::new("node").args(["-e", "require('launchdarkly-api-typescript')"]).env("NODE_PATH", &modules))?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/typescript.js");
    Ok(Box::new(move || {
        let mut command = Command::new("node");
        command.arg(&script).env("NODE_PATH", &modules);
        command
    }))
}

/// What openapi-generator makes of our own document.
fn generate(root: &Path, folder: &Path, language: &str, options: &[&str]) -> Result<PathBuf> {
    let made = folder.join(format!("openapi-{language}"));
    let (document, made_from) = (fs::read(root.join("openapi.yaml"))?, made.join("made-from.yaml"));
    if fs::read(&made_from).is_ok_and(|before| before == document) {
        return Ok(made);
    }
    let generator = python_environment(folder)?.join("openapi-generator-cli");
    run(Command::new("java").arg("-version"))?;
    let _ = fs::remove_dir_all(&made);
    let mut command = Command::new(generator);
    command.args(["generate", "-g", language]).arg("-i").arg(root.join("openapi.yaml")).arg("-o").arg(&made);
    run(command.args(options))?;
    fs::write(made_from, document)?;
    Ok(made)
}

fn openapi_rust(root: &Path, folder: &Path, release: bool) -> Result<Start> {
    let made = generate(root, folder, "rust", &["--additional-properties=packageName=peer"])?;
    let manifest = made.join("Cargo.toml");
    let generated = fs::read_to_string(&manifest)?;
    // Without TLS, as all are here, and with a runtime to work in.
    if let Some((dependencies, _)) = generated.split_once("[features]") {
        let ours = "tokio = { version = \"1\", features = [\"macros\", \"rt\"] }\n\n[workspace]\n";
        fs::write(&manifest, format!("{}\n{ours}", dependencies.trim_end()))?;
    }
    // The same releases of what both depend on.
    fs::copy(root.join("Cargo.lock"), made.join("Cargo.lock"))?;
    fs::create_dir_all(made.join("src/bin"))?;
    let worker = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/openapi_rust.rs");
    let worker = fs::read(worker)?;
    let copy = made.join("src/bin/worker.rs");
    if fs::read(&copy).ok().as_ref() != Some(&worker) {
        fs::write(copy, worker)?;
    }
    let target = folder.join("openapi-rust-target");
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--manifest-path"]).arg(&manifest).env("CARGO_TARGET_DIR", &target);
    run(build.args(release.then_some("--release")).env("RUSTFLAGS", "-Awarnings"))?;
    let worker = target.join(if release { "release" } else { "debug" }).join("worker");
    Ok(Box::new(move || Command::new(&worker)))
}

fn bash(root: &Path, folder: &Path) -> Result<PathBuf> {
    Ok(generate(root, folder, "bash", &["--additional-properties=scriptName=client.sh"])?.join("client.sh"))
}

/// Runs a command to its end; its error is the last line that it wrote.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("there is no {program}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    ensure!(output.status.success(), "{program} failed: {last}");
    Ok(())
}
