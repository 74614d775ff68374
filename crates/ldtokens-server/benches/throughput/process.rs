//! Servers as separate processes, so that their memory and threads are not those of their clients.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use ldtokens_client::Secret;
use ldtokens_server::Server;

use crate::floor;

const OWNER: &str = "api-00000000-0000-4000-8000-000000000000";

/// A server. Dropping it stops it.
pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    pub(crate) addr: SocketAddr,
    pub(crate) secret: String,
}

/// What a process does, by its arguments.
pub(crate) enum Role {
    Server { store: Option<PathBuf>, seed: u32 },
    Bare,
}

pub(crate) fn role(arguments: &[String]) -> Option<Role> {
    match arguments {
        [role, seed, store @ ..] if role == "serve" => {
            Some(Role::Server { store: store.first().map(PathBuf::from), seed: seed.parse().expect("a number") })
        }
        [role] if role == "bare" => Some(Role::Bare),
        _ => None,
    }
}

impl Role {
    /// Runs until standard input ends.
    pub(crate) async fn run(self) {
        match self {
            Self::Server { store, seed } => {
                let mut builder = Server::builder().seed_tokens(seed).owner_secret(Secret::new(OWNER));
                if let Some(store) = store {
                    builder = builder.store(store);
                }
                let server = builder.start().await.expect("loopback can be listened on");
                println!("{}", server.addr());
                tokio::task::spawn_blocking(line).await.expect("it waits");
                server.stop().await;
            }
            Self::Bare => {
                let app = floor::bare_axum(line(), line());
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback can be listened on");
                println!("{}", listener.local_addr().expect("it is bound"));
                tokio::spawn(async move { axum::serve(listener, app).await });
                tokio::task::spawn_blocking(line).await.expect("it waits");
            }
        }
    }
}

/// The next line of standard input, or an empty text at its end.
fn line() -> String {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("it is text");
    line.trim().to_owned()
}

impl Process {
    pub(crate) fn server(store: Option<PathBuf>, seed: u32) -> Self {
        let mut arguments = vec!["serve".to_owned(), seed.to_string()];
        arguments.extend(store.map(|store| store.to_str().expect("it is ASCII").to_owned()));
        Self::start(&arguments, "")
    }

    pub(crate) fn bare(token: &[u8], page: &[u8]) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_owned()).expect("JSON is text");
        Self::start(&["bare".to_owned()], &format!("{}\n{}\n", text(token), text(page)))
    }

    fn start(arguments: &[String], input: &str) -> Self {
        let program = std::env::current_exe().expect("it has a path");
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("processes can be started");
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(input.as_bytes()).expect("it reads");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("it is text");
        let addr = line.trim().parse().expect("it says its address");
        Self { child, stdin: Some(stdin), addr, secret: OWNER.to_owned() }
    }

    /// The peak memory, if the system says it.
    pub(crate) fn peak_memory(&self) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        let peak: Option<u64> = peak.and_then(|kilobytes| kilobytes.parse().ok());
        peak.map_or("memory not known".to_owned(), |kilobytes| format!("{} MiB", kilobytes / 1024))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}
