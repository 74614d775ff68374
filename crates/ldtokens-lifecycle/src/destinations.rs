//! The destinations of a new secret.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use ldtokens::Secret;
use serde_json::json;

pub use crate::file::FileDestination;
use crate::file::LockedFile;

/// Details delivered along with a secret. They contain no secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// The ID of the token that the secret belongs to.
    pub token_id: String,
    /// The token's name; empty if it has none.
    pub name: String,
    /// When the old secret stops working, as in `2026-01-31T12:00:00Z`; empty if there is none, or it has stopped.
    pub old_expires: String,
}

impl Metadata {
    /// Returns the details of a token without an old secret.
    pub fn new(token_id: impl Into<String>, name: Option<&str>) -> Self {
        Self { token_id: token_id.into(), name: name.unwrap_or_default().to_owned(), old_expires: String::new() }
    }
}

/// Where a new secret is delivered. A [`Delivery`](crate::Delivery) brings one secret to several.
pub trait Destination: Send + Sync {
    /// Returns a description without any secret, such as `the file /etc/export.secret`. Paths in it are absolute, so that it
    /// means the same in another folder.
    fn label(&self) -> String;

    /// Returns a text that differs for different destinations. Only a hash of it is stored, so it may contain secrets.
    fn identity(&self) -> String {
        self.label()
    }

    /// The part of a file that this destination is, if it is one. Those in one file are locked and written together, and read back.
    fn file(&self) -> Option<&FileDestination> {
        None
    }

    /// Checks, before a new secret is requested, whether it can be delivered. It may block.
    ///
    /// # Errors
    /// Why it can't be delivered.
    fn check(&self) -> io::Result<()> {
        Ok(())
    }

    /// Delivers the secret. It may block, and is repeated if it fails.
    ///
    /// # Errors
    /// Why it failed, and where the secret is if it was written.
    fn deliver(&self, secret: &Secret, metadata: &Metadata) -> io::Result<()>;

    /// Whether each run has to deliver the secret anew, since what was delivered is only for that run.
    fn is_ephemeral(&self) -> bool {
        false
    }
}

impl Destination for FileDestination {
    fn label(&self) -> String {
        self.label()
    }

    fn file(&self) -> Option<&FileDestination> {
        Some(self)
    }

    fn deliver(&self, secret: &Secret, _: &Metadata) -> io::Result<()> {
        LockedFile::prepare(vec![self.clone()])?.write(secret)
    }
}

/// The result of the delivery to one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivered {
    /// The destination, as in `the file /etc/export.secret`.
    pub label: String,
    /// What is unusual about the delivery.
    pub note: Option<String>,
    /// Whether it had the secret before.
    pub was_held: bool,
    /// Why it failed. None if it succeeded.
    pub problem: Option<String>,
}

type Make = dyn Fn() -> Command + Send + Sync;

/// A command that reads the secret, alone and without a line end, from its standard input.
///
/// The variables `LDTOKENS_TOKEN_ID`, `LDTOKENS_TOKEN_NAME` and `LDTOKENS_OLD_EXPIRES` in its environment hold the token's ID,
/// its name, and when the old secret stops working. None of them holds a secret. The command's output goes to standard error, with
/// `[redacted]` in place of the secret. It must read all of the secret and end with success.
pub struct CommandDestination {
    text: String,
    make: Box<Make>,
}

impl CommandDestination {
    /// Returns a destination that runs the command that `make` returns. `make` is called for each delivery. `text` tells it from
    /// other commands; only its hash is stored.
    pub fn new(text: impl Into<String>, make: impl Fn() -> Command + Send + Sync + 'static) -> Self {
        Self { text: text.into(), make: Box::new(make) }
    }
}

impl Destination for CommandDestination {
    /// Without the command line, which can contain secrets.
    fn label(&self) -> String {
        "a command".to_owned()
    }

    fn identity(&self) -> String {
        format!("the command {}", self.text)
    }

    /// The pipe's other end stays open here until the command has ended. So the write never fails, however soon it ends, and
    /// what it left unread shows. What it left running in the background may go on to print, and is not waited for.
    fn deliver(&self, secret: &Secret, metadata: &Metadata) -> io::Result<()> {
        let mut command = (self.make)();
        command
            .env("LDTOKENS_TOKEN_ID", &metadata.token_id)
            .env("LDTOKENS_TOKEN_NAME", &metadata.name)
            .env("LDTOKENS_OLD_EXPIRES", &metadata.old_expires);
        let (mut reader, mut writer) = io::pipe()?;
        let (printed, mut printing) = io::pipe()?;
        command.stdin(reader.try_clone()?).stdout(printing.try_clone()?).stderr(printing.try_clone()?);
        let (ends, ended) = mpsc::channel();
        let hidden = secret.clone();
        // It must be there before the command, which could not go on without it.
        thread::Builder::new().spawn(move || pass_on(printed, io::stderr(), &hidden, &ends))?;
        let child = command.spawn();
        // It holds the end that the command was given.
        drop(command);
        let mut child = child.map_err(|error| io::Error::other(format!("it can't be started: {error}")))?;
        let written = writer.write_all(secret.expose().as_bytes());
        drop(writer);
        let status = child.wait()?;
        let _ = printing.write_all(END).map(|()| ended.recv());
        if !status.success() {
            return Err(io::Error::other(format!("it ended with {status}")));
        }
        written?;
        match reader.read_to_end(&mut Vec::new())? {
            0 => Ok(()),
            _ => Err(io::Error::other("it did not read all of its standard input")),
        }
    }
}

/// Written after a command's output, which has no other end while a program in the background can print too.
const END: &[u8] = b"\0ldtokens: the command has ended\0";

/// Passes on what is printed, with the secret replaced, and says when the end was read.
fn pass_on(mut printed: impl Read, mut to: impl Write, secret: &Secret, ends: &mpsc::Sender<()>) {
    let (secret, mut held, mut buffer) = (secret.expose().as_bytes(), Vec::new(), [0; 4096]);
    let find = |text: &[u8], part: &[u8]| text.windows(part.len()).position(|window| window == part);
    while let Ok(count @ 1..) = printed.read(&mut buffer) {
        held.extend_from_slice(&buffer[..count]);
        while let Some(at) = find(&held, secret) {
            held.splice(at..at + secret.len(), *b"[redacted]");
        }
        let end = find(&held, END);
        end.map(|at| held.drain(at..at + END.len()));
        // What may be the beginning of one of them is passed on with the next bytes.
        let begins = |at: &usize| [secret, END].iter().any(|text| text.starts_with(&held[*at..]));
        let ready = (end.unwrap_or(0)..held.len()).find(begins).unwrap_or(held.len());
        let _ = to.write_all(&held[..ready]);
        held.drain(..ready);
        end.map(|_| ends.send(()));
    }
    let _ = to.write_all(&held);
}

/// Which of a GitHub Actions job's files the secret is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GithubFile {
    /// `$GITHUB_OUTPUT`: an output of the step.
    Output,
    /// `$GITHUB_ENV`: a variable of the steps that follow.
    Env,
}

impl GithubFile {
    /// The environment variable that says where the file is.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Output => "GITHUB_OUTPUT",
            Self::Env => "GITHUB_ENV",
        }
    }
}

/// A job of GitHub Actions. The secret is masked in the job's log, by a line on standard error, before anything else is done with
/// it.
#[derive(Clone, Debug)]
pub struct GithubDestination {
    kind: GithubFile,
    file: PathBuf,
    name: String,
}

impl GithubDestination {
    /// Returns the output or variable `name`, in the job's file at `file`.
    ///
    /// # Errors
    /// Why the name is not allowed.
    pub fn new(kind: GithubFile, file: impl Into<PathBuf>, name: impl Into<String>) -> Result<Self, String> {
        let name = name.into();
        let is_name =
            |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' && kind == GithubFile::Output;
        let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if !starts_well || !name.bytes().all(is_name) {
            return Err(format!("`{name}` is not a name that GitHub accepts there"));
        }
        let upper = name.to_ascii_uppercase();
        let is_reserved = ["GITHUB_", "RUNNER_"].iter().any(|prefix| upper.starts_with(prefix));
        if kind == GithubFile::Env && (is_reserved || upper == "NODE_OPTIONS") {
            return Err(format!("GitHub does not let a job set {name}"));
        }
        Ok(Self { kind, file: file.into(), name })
    }

    /// Opens the file, and returns the line end that its last line lacks. Refuses a file whose last value is not ended: what is
    /// appended would be part of it.
    fn open(&self) -> io::Result<(File, &'static str)> {
        let failed =
            |why: &dyn std::fmt::Display| io::Error::other(format!("{} can't be written: {why}", self.file.display()));
        let mut text = Vec::new();
        let mut file = OpenOptions::new().read(true).append(true).open(&self.file).map_err(|error| failed(&error))?;
        file.read_to_end(&mut text).map_err(|error| failed(&error))?;
        let mut delimiter: Option<&[u8]> = None;
        for line in text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)) {
            let begins = line.windows(2).position(|pair| pair == b"<<" || pair[0] == b'=');
            delimiter = match delimiter {
                Some(end) => Some(end).filter(|end| *end != line),
                None => begins.filter(|at| line[*at] == b'<').map(|at| &line[at + 2..]),
            };
        }
        match delimiter {
            Some(_) => Err(failed(&"it ends within a value of several lines")),
            None if text.is_empty() || text.ends_with(b"\n") => Ok((file, "")),
            None => Ok((file, "\n")),
        }
    }
}

/// Whether this is a job of GitHub Actions, where secrets on standard output are masked first.
pub fn is_github_actions() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|set| set == "true")
}

/// Makes certain, before there is a secret, that the runner can be told to mask it. The line is in no log that people see.
fn check_mask() -> io::Result<()> {
    let failed =
        |error| io::Error::other(format!("a secret can't be masked: standard error can't be written: {error}"));
    writeln!(io::stderr(), "::debug::a new secret will be masked").map_err(failed)
}

/// Hides the secret in the job's log. The runner reads this on standard error too, and standard output may go elsewhere.
fn mask(secret: &Secret) -> io::Result<()> {
    let failed = |error| io::Error::other(format!("the secret can't be masked, so it was not written: {error}"));
    writeln!(io::stderr(), "::add-mask::{}", secret.expose()).map_err(failed)
}

impl Destination for GithubDestination {
    fn label(&self) -> String {
        format!("{} in {}, the file {}", self.name, self.kind.variable(), self.file.display())
    }

    fn is_ephemeral(&self) -> bool {
        true
    }

    fn check(&self) -> io::Result<()> {
        self.open()?;
        check_mask()
    }

    fn deliver(&self, secret: &Secret, _: &Metadata) -> io::Result<()> {
        let (mut file, line_end) = self.open()?;
        mask(secret)?;
        file.write_all(format!("{line_end}{}={}\n", self.name, secret.expose()).as_bytes())?;
        file.sync_all()
    }
}

/// A manifest of a Kubernetes Secret on standard output, for `kubectl apply -f -`. A key in it holds the token's secret. In a job of
/// GitHub Actions the secret is masked first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesDestination {
    namespace: Option<String>,
    name: String,
    key: String,
}

impl KubernetesDestination {
    /// Returns the key `key` in the data of the Secret `name`. Without a namespace it is in kubectl's current one.
    ///
    /// # Errors
    /// Which name Kubernetes does not accept.
    pub fn new(namespace: Option<&str>, name: &str, key: &str) -> Result<Self, String> {
        // RFC 1123: a name is a DNS subdomain, a namespace one label of it.
        let is_label = |text: &str| {
            let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            (1..=63).contains(&text.len())
                && text.bytes().all(is_inner)
                && !text.starts_with('-')
                && !text.ends_with('-')
        };
        let is_name = |text: &str| text.len() <= 253 && text.split('.').all(is_label);
        let is_key = |text: &str| {
            let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            (1..=253).contains(&text.len()) && text.bytes().all(is_inner) && text != "." && !text.starts_with("..")
        };
        let refused =
            |what: &str, text: &str| Err(format!("Kubernetes does not accept `{text}` as the {what} of a Secret"));
        match namespace {
            Some(namespace) if !is_label(namespace) => refused("namespace", namespace),
            _ if !is_name(name) => refused("name", name),
            _ if !is_key(key) => refused("key", key),
            _ => Ok(Self { namespace: namespace.map(str::to_owned), name: name.to_owned(), key: key.to_owned() }),
        }
    }
}

impl std::str::FromStr for KubernetesDestination {
    type Err = String;

    /// Reads `[NAMESPACE/]NAME[:KEY]`. The key is `token` if not given.
    fn from_str(text: &str) -> Result<Self, String> {
        let (path, key) = text.split_once(':').unwrap_or((text, "token"));
        let (namespace, name) = path.split_once('/').map_or((None, path), |(namespace, name)| (Some(namespace), name));
        Self::new(namespace, name, key).map_err(|why| format!("{why}: give [NAMESPACE/]NAME[:KEY]"))
    }
}

impl Destination for KubernetesDestination {
    fn label(&self) -> String {
        let Self { namespace, name, key } = self;
        let namespace = namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        format!("the manifest of the Kubernetes Secret {namespace}{name}:{key}")
    }

    fn is_ephemeral(&self) -> bool {
        true
    }

    fn check(&self) -> io::Result<()> {
        if is_github_actions() { check_mask() } else { Ok(()) }
    }

    /// Prints one document of a YAML stream. Strings are quoted as in JSON, which is also YAML.
    fn deliver(&self, secret: &Secret, metadata: &Metadata) -> io::Result<()> {
        // Where nothing applies it, it is in the job's log.
        if is_github_actions() {
            mask(secret)?;
        }
        let [name, key] = [&self.name, &self.key].map(|text| json!(text));
        let namespace = self.namespace.as_ref().map(|namespace| format!("  namespace: {}\n", json!(namespace)));
        let text = format!(
            "---\napiVersion: v1\nkind: Secret\ntype: Opaque\nmetadata:\n  name: {name}\n{}  annotations:\n    \
             ldtokens/token-id: {}\n    ldtokens/old-expires: {}\nstringData:\n  {key}: {}\n",
            namespace.unwrap_or_default(),
            json!(metadata.token_id),
            json!(metadata.old_expires),
            json!(secret.expose()),
        );
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

#[cfg(test)]
#[path = "../tests/unit/destinations.rs"]
mod tests;
