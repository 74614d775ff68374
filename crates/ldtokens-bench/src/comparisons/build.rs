//! What a user's build costs: an empty program with the facade, compared with one with reqwest, serde_json and tokio.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::measure::{Contender, Row, Unit, beside, compare};
use crate::peers::run;

const OTHER: &str = "reqwest, serde_json and tokio";
const OTHERS: &str =
    "reqwest = \"0.13\"\nserde_json = \"1\"\ntokio = { version = \"1\", features = [\"macros\", \"rt\"] }\n";

/// Compares clean release builds, in turns, and the number of crates. If `quick`, only the number of crates.
pub(crate) fn compare_builds(root: &Path, folder: &Path, quick: bool) -> Result<Vec<Row>> {
    let facade = format!("ldtokens = {{ path = {:?} }}\n", root.join("crates/ldtokens"));
    let ours = Program::write(root, folder.join("build-ours"), &facade)?;
    let other = Program::write(root, folder.join("build-other"), OTHERS)?;
    let (mine, theirs) = (ours.crates()?, other.crates()?);
    for (program, beyond) in [("the facade", mine.difference(&theirs)), (OTHER, theirs.difference(&mine))] {
        let names: Vec<&str> = beyond.map(String::as_str).collect();
        println!("only in the build on {program}: {}", names.join(", "));
    }
    let mut rows = Vec::new();
    if !quick {
        // Other programs on the machine change the wall-clock time, but hardly the processor time.
        let (mut ours_cpu, mut other_cpu) = (Vec::new(), Vec::new());
        let contenders = vec![
            Contender::new("ldtokens", || ours.build(&mut ours_cpu)),
            Contender::new(OTHER, || other.build(&mut other_cpu)),
        ];
        rows.extend(compare("an empty program's release build", Unit::Seconds, 2, contenders, |_| Some(0.8))?);
        let (mut ours, mut other) = (ours_cpu.into_iter(), other_cpu.into_iter());
        let contenders = vec![
            Contender::new("ldtokens", || ours.next().context("it was built")),
            Contender::new(OTHER, || other.next().context("it was built")),
        ];
        rows.extend(compare("the same in processor time", Unit::Seconds, 2, contenders, |_| Some(0.8))?);
    }
    rows.push(beside("crates that it compiles", Unit::Crates, &[mine.len() as f64], (OTHER, theirs.len() as f64), 1.0));
    Ok(rows)
}

struct Program {
    folder: PathBuf,
}

impl Program {
    fn write(root: &Path, folder: PathBuf, dependencies: &str) -> Result<Self> {
        fs::create_dir_all(folder.join("src"))?;
        let package =
            "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n";
        fs::write(folder.join("Cargo.toml"), format!("{package}{dependencies}"))?;
        fs::write(folder.join("src/main.rs"), "fn main() {}\n")?;
        // The same releases for both, as far as both have them.
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        run(Command::new("cargo").args(["fetch", "--quiet"]).current_dir(&folder))?;
        Ok(Self { folder })
    }

    /// The crates that are compiled, without the program itself.
    fn crates(&self) -> Result<BTreeSet<String>> {
        let tree = ["tree", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"];
        let output = Command::new("cargo").args(tree).current_dir(&self.folder).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout)?;
        let crates = text.lines().map(|line| line.split(" (").next().unwrap_or(line).to_owned());
        Ok(crates.filter(|name| !name.is_empty() && !name.starts_with("empty ")).collect())
    }

    fn build(&self, cpu: &mut Vec<f64>) -> Result<f64> {
        let _ = fs::remove_dir_all(self.folder.join("target"));
        let before = children_cpu()?;
        let begun = Instant::now();
        let mut build = Command::new("cargo");
        run(build.args(["build", "--release", "--quiet"]).current_dir(&self.folder).env_remove("CARGO_TARGET_DIR"))?;
        cpu.push(children_cpu()? - before);
        Ok(begun.elapsed().as_secs_f64())
    }
}

/// The processor time, in seconds, of all child processes that have ended, and of their children.
fn children_cpu() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat").context("only Linux shows a process's time")?;
    let (_, fields) = stat.rsplit_once(") ").context("the kernel names the process")?;
    let ticks = fields.split(' ').skip(13).take(2).map(str::parse::<f64>);
    // Linux shows programs 100 ticks a second, whatever its own rate is.
    Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
}
