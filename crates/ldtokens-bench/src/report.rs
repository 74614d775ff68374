//! The table of results, and the machine that they are from.

use std::fs;
use std::process::Command;

use serde::Serialize;

use crate::measure::{Row, Summary, Unit};

/// A whole run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: String,
    /// The load average of the last minute, before and after.
    pub(crate) load: Vec<f64>,
    pub(crate) rows: Vec<Row>,
    /// What was left out, and why.
    pub(crate) skipped: Vec<String>,
}

impl Report {
    pub(crate) fn begin() -> Self {
        Self { machine: machine(), load: vec![load()], ..Self::default() }
    }

    pub(crate) fn skip(&mut self, what: impl Into<String>) {
        let what = what.into();
        eprintln!("skipped {what}");
        self.skipped.push(what);
    }

    pub(crate) fn print(&mut self) {
        self.load.push(load());
        println!("| what | ours | beside | | ratio | at most |");
        println!("| --- | --- | --- | --- | --- | --- |");
        for row in &self.rows {
            let mark = match row.mark {
                Some(mark) if row.ratio.median <= mark => format!("{mark}"),
                Some(mark) => format!("{mark}, missed"),
                None => String::new(),
            };
            let [ours, others] = [row.ours, row.others].map(|summary| shown(summary, row.unit));
            let ratio = shown_by(row.ratio, |ratio| format!("{ratio:.2}"));
            println!("| {} | {ours} | {} | {others} | **{ratio}** | {mark} |", row.what, row.other);
        }
        println!("\nEach number is a median, with the quartiles around it if they differ.");
        for skipped in &self.skipped {
            println!("Skipped: {skipped}.");
        }
        println!("{}; load {:.1} before and {:.1} after", self.machine, self.load[0], self.load[1]);
    }
}

fn shown(summary: Summary, unit: Unit) -> String {
    shown_by(summary, |number| match unit {
        Unit::Seconds if number < 1e-3 => format!("{:.1} µs", number * 1e6),
        Unit::Seconds if number < 1.0 => format!("{:.2} ms", number * 1e3),
        Unit::Seconds => format!("{number:.2} s"),
        Unit::Bytes => format!("{:.1} MiB", number / f64::from(1 << 20)),
        Unit::Crates => format!("{number} crates"),
        Unit::Requests => format!("{number} requests"),
    })
}

fn shown_by(summary: Summary, show: impl Fn(f64) -> String) -> String {
    let [first, median, third] = [summary.first_quarter, summary.median, summary.third_quarter].map(show);
    if first == third { median } else { format!("{median} ({first}–{third})") }
}

fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|load| load.parse().ok()).unwrap_or(f64::NAN)
}

fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("\t: an unknown processor");
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let said = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let (kernel, rustc) = (said("uname", "-sr"), said("rustc", "--version"));
    format!("{}, {cores} cores, {kernel}, {rustc}", model.trim_start_matches(['\t', ' ', ':']))
}
