//! Running the binary.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Where nobody listens: tcpmux, which current systems don't run. A port that was bound and freed can be another test's by now.
pub const NO_SERVER: &str = "127.0.0.1:1";

pub const OWNER: &str = "api-0b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b";

/// The binary, with an empty environment except for `HOME`.
pub fn ldtokens(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ldtokens"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A `PATH` that contains the binary as `ldtokens`.
pub fn search_path() -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_ldtokens")).parent().unwrap();
    format!("{}:/usr/bin:/bin", folder.display())
}

/// A shell that runs `script` in `home`, with the binary as `ldtokens` in its path.
pub fn shell(script: &str, home: &Path) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).current_dir(home).env_clear().env("HOME", home).env("PATH", search_path());
    shell
}

/// Writes a file with this mode.
#[cfg(unix)]
pub fn write_with_mode(path: &Path, text: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A running `ldtokens serve` with its own store.
pub struct Served {
    child: Child,
    pub url: String,
    /// Kept open, so that the server can print.
    _stdout: BufReader<std::process::ChildStdout>,
    pub folder: TempDir,
}

impl Served {
    pub fn start() -> Self {
        Self::again(tempfile::tempdir().unwrap())
    }

    /// Starts it with more flags.
    pub fn with(flags: &[&str]) -> Self {
        Self::on(tempfile::tempdir().unwrap(), flags)
    }

    /// Starts it with the store in `folder`.
    pub fn again(folder: TempDir) -> Self {
        Self::on(folder, &[])
    }

    fn on(folder: TempDir, flags: &[&str]) -> Self {
        let store = folder.path().join("ld.db");
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--store", store.to_str().unwrap()];
        let mut child = ldtokens(&[&arguments[..], flags].concat())
            .env("LDTOKENS_ROOT_TOKEN", OWNER)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
        Self { child, url, _stdout: reader, folder }
    }

    /// Sends a signal (`TERM`, `INT`), and returns the exit status and the store's folder.
    pub fn stop(mut self, signal: &str) -> (i32, TempDir) {
        let kill = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let status = self.child.wait().unwrap().code().unwrap();
        (status, std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap()))
    }

    /// Kills it, like in a power failure, and returns the store's folder.
    pub fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// The binary with the owner's credential.
    pub fn owner(&self, arguments: &[&str]) -> Command {
        self.acting_as(OWNER, arguments)
    }

    /// The binary with this credential.
    pub fn acting_as(&self, credential: &str, arguments: &[&str]) -> Command {
        let mut command = ldtokens(arguments);
        command.args(["--host", &self.url]).env("LD_ACCESS_TOKEN", credential);
        command.env("LDTOKENS_STATE", self.folder.path().join("state"));
        command
    }

    /// The JSON output of a command with the owner's credential.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.owner(&[arguments, &["--output", "json"]].concat()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stderr(&output), "", "{arguments:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Creates a token, and returns its ID and its secret.
    pub fn create(&self, name: &str) -> (String, String) {
        let token = self.json(&["postToken", &format!("name=={name}"), "role==reader"]);
        (token["_id"].as_str().unwrap().to_owned(), token["token"].as_str().unwrap().to_owned())
    }

    /// Whether a secret works.
    pub fn works(&self, secret: &str) -> bool {
        match self.acting_as(secret, &["getTokens", "limit=1"]).output().unwrap().status.code() {
            Some(0) => true,
            Some(3) => false,
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn with_stdin(mut command: Command, input: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // It may end without reading its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Says that the rest of a test is skipped. The test harness hides what macros print, if the test passes.
pub fn skipped(why: &str) {
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    std::io::stderr().write_all(format!("{test}: skipped: {why}\n").as_bytes()).unwrap();
}

/// Checks that a command failed with this status, no output, and a one-line error that contains these words.
pub fn refused(output: &Output, status: i32, words: &[&str]) {
    let line = stderr(output);
    assert_eq!(output.status.code(), Some(status), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    assert_eq!(stdout(output), "", "{line}");
    for word in words {
        assert!(line.contains(word), "{word} in {line}");
    }
}
