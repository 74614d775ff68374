//! A process that rotates is killed, again and again, and at the end its consumer holds a secret that works, has held one at
//! every moment, and there is no token that nobody holds.
//!
//! `LDTOKENS_CRASH_ROUNDS` makes it longer, and `LDTOKENS_SEED` begins it elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ldtokens::{Secret, UnixMillis};
use ldtokens_server::{Clock, Server};
use tempfile::TempDir;

use crate::serve::send;
use crate::support::{OWNER, ldtokens, stderr};

/// Rotations in the usual run. Each is killed up to three times.
const ROUNDS: u64 = 12;

/// Long enough for any run on a busy machine; only a run that hangs takes it.
const HANGS: Duration = Duration::from_secs(240);

const STEPS: [&str; 4] = ["planned", "issued", "delivered", "verified"];

const OPERATIONS: [&str; 7] =
    ["getTokens", "postToken", "getToken", "patchToken", "deleteToken", "resetToken", "getCallerIdentity"];

/// What befalls a request, as faults that strike by chance.
const FAULTS: [&str; 6] = [
    "status=500 probability=0.03",
    "status=429 retry-after=0 probability=0.05",
    "drop-before probability=0.03",
    "drop-after probability=0.06",
    "cut-body probability=0.03",
    "delay=10",
];

/// A server whose clock the test drives, and a token with a consumer that polls a file.
struct World {
    server: Server,
    clock: Clock,
    folder: TempDir,
    dice: fastrand::Rng,
    kills: u64,
    kills_at: [u64; 4],
}

/// How one rotation is run, each time it is begun again.
struct Round {
    strategy: &'static str,
    is_at_once: bool,
    has_command: bool,
}

#[cfg(unix)]
#[test]
fn a_rotation_that_is_killed_at_any_step_ends_with_one_working_delivered_secret() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seed = number("LDTOKENS_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000));
    let rounds = number("LDTOKENS_CRASH_ROUNDS").unwrap_or(ROUNDS);
    println!("LDTOKENS_SEED={seed}");
    let mut world = World::start(seed);
    let consumer = Consumer::start(world.server.url(), &world.file());
    for round in 0..rounds {
        let round = Round {
            strategy: if round % 2 == 0 { "reset" } else { "replace" },
            // A reset at once has a moment in which the old secret is gone and the new one not delivered.
            is_at_once: round % 6 == 5,
            has_command: round % 3 == 2,
        };
        consumer.may_be_late.store(round.is_at_once, Ordering::SeqCst);
        world.rotate(&round);
        consumer.check();
        world.check_end();
    }
    let polls = consumer.stop();
    println!("{} kills, {:?} of them at {STEPS:?}; the consumer looked {polls} times", world.kills, world.kills_at);
    assert!(world.kills > rounds && polls > rounds, "{} kills, {polls} polls", world.kills);
}

impl World {
    fn start(seed: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // Not the clock of the command.
        let clock = Clock::manual(UnixMillis::new(UnixMillis::now().get() - 3 * 86_400_000));
        let builder =
            Server::builder().clock(clock.clone()).fault_seed(seed).seed_tokens(120).owner_secret(Secret::new(OWNER));
        let server = runtime.block_on(builder.start()).unwrap();
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        let folder = tempfile::tempdir().unwrap();
        let body = r#"{"name": "Export", "role": "reader", "serviceToken": true, "description": "Nightly"}"#;
        let (status, token) = send(server.url(), "POST /api/v2/tokens", OWNER, body);
        assert_eq!(status, 201, "{token}");
        let world = Self { server, clock, folder, dice: fastrand::Rng::with_seed(seed), kills: 0, kills_at: [0; 4] };
        fs::write(world.file(), token["token"].as_str().unwrap()).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self) -> PathBuf {
        self.path("export.secret")
    }

    /// The tokens that are named as the rotated one is.
    fn tokens(&self) -> Vec<serde_json::Value> {
        let (_, list) = send(self.server.url(), "GET /api/v2/tokens?limit=500", OWNER, "");
        let items = list["items"].as_array().unwrap().iter();
        items.filter(|token| token["name"] == "Export").cloned().collect()
    }

    /// Rotates the token: killed, with faults, and in the end undisturbed.
    fn rotate(&mut self, round: &Round) {
        let id = self.tokens()[0]["_id"].as_str().unwrap().to_owned();
        let faults = OPERATIONS.iter().flat_map(|operation| FAULTS.map(|fault| format!("{operation} {fault}")));
        self.server.faults().add(faults.map(|line| line.parse().unwrap())).unwrap();
        for _ in 0..3 {
            let child = self.spawn(&id, round, true);
            self.kill_somewhere(child, &id);
            self.clock.advance(Duration::from_secs(self.dice.u64(..600)));
        }
        let _ = fs::remove_file(self.path("fails"));
        for _ in 0..20 {
            if self.run(&id, round) == 0 {
                break;
            }
        }
        self.server.faults().clear();
        assert_eq!(self.run_quietly(&id, round), 0);
        // What is left to do when the overlap has ended.
        self.clock.advance(Duration::from_secs(86_400 + 10));
        let finish = self.command(&["rotate", "--finish"]).output().unwrap();
        assert!(finish.status.success(), "{}", stderr(&finish));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = ldtokens(arguments);
        command
            .args(["--host", self.server.url(), "--state-folder"])
            .arg(self.path("state"))
            .env("LD_ACCESS_TOKEN", OWNER)
            .env("PATH", "/usr/bin:/bin")
            .current_dir(self.folder.path());
        command
    }

    fn spawn(&mut self, id: &str, round: &Round, is_disturbed: bool) -> Child {
        let mut arguments = vec!["rotate", id, "--secret-to", "export.secret", "--strategy", round.strategy];
        arguments.extend(["--settle", "500ms", "--yes"]);
        if round.is_at_once {
            arguments.push("--now");
        }
        if round.has_command {
            // It is all that a vault does: it keeps what it is given.
            arguments.extend(["--secret-to-command", "test ! -e fails && cat > vault"]);
            if is_disturbed && self.dice.u8(..3) == 0 {
                fs::write(self.path("fails"), "").unwrap();
            } else {
                let _ = fs::remove_file(self.path("fails"));
            }
        }
        let mut command = self.command(&arguments);
        if is_disturbed && self.dice.u8(..8) == 0 {
            command = on_a_full_disk(&command);
        }
        command.spawn().unwrap()
    }

    /// Runs it to its end, and gives its exit status.
    fn run(&mut self, id: &str, round: &Round) -> i32 {
        let child = self.spawn(id, round, false);
        let output = child.wait_with_output().unwrap();
        output.status.code().unwrap_or_else(|| panic!("{output:?}"))
    }

    /// The last run: it has nothing to do, or is refused since the overlap of this rotation has not ended.
    fn run_quietly(&mut self, id: &str, round: &Round) -> i32 {
        let child = self.spawn(id, round, false);
        let output = child.wait_with_output().unwrap();
        match output.status.code() {
            Some(0) => 0,
            // It came to its end before.
            Some(5 | 6) => 0,
            _ => panic!("{}", stderr(&output)),
        }
    }

    /// Kills it as soon as the journal has come to some step, or at some instant, if it is still there by then.
    fn kill_somewhere(&mut self, mut child: Child, id: &str) {
        let journal = self.journal(id);
        let step = self.dice.usize(..STEPS.len() * 2);
        let began = Instant::now();
        let instant = Duration::from_micros(self.dice.u64(..150_000));
        let is_time = || match STEPS.get(step) {
            Some(step) => {
                fs::read_to_string(&journal).is_ok_and(|text| text.contains(&format!("\"step\": \"{step}\"")))
            }
            None => began.elapsed() >= instant,
        };
        while !is_time() {
            if child.try_wait().unwrap().is_some() {
                return;
            }
            assert!(began.elapsed() < HANGS, "it hangs");
            std::thread::yield_now();
        }
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            self.kills += 1;
            if let Some(count) = self.kills_at.get_mut(step) {
                *count += 1;
            }
        }
        child.wait().unwrap();
    }

    fn journal(&self, id: &str) -> PathBuf {
        let host: String = self.server.url().trim_start_matches("http://").replace(':', "_");
        self.path("state/rotations").join(host).join(format!("{id}.json"))
    }

    /// One token is left, and its secret is where it belongs.
    fn check_end(&self) {
        let tokens = self.tokens();
        assert_eq!(tokens.len(), 1, "tokens that nobody holds: {tokens:#?}");
        assert_eq!(tokens[0]["description"], "Nightly");
        let secret = fs::read_to_string(self.file()).unwrap();
        let (status, caller) = send(self.server.url(), "GET /api/v2/caller-identity", &secret, "");
        assert_eq!((status, &caller["tokenId"]), (200, &tokens[0]["_id"]));
        if let Ok(vault) = fs::read_to_string(self.path("vault")) {
            assert_eq!(vault, secret);
            fs::remove_file(self.path("vault")).unwrap();
        }
        let left: Vec<_> = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }
}

/// The same command, where no file can be written to.
fn on_a_full_disk(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args());
    shell.env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell.current_dir(command.get_current_dir().unwrap());
    shell
}

/// A program that reads its secret from the file whenever it needs it.
struct Consumer {
    thread: JoinHandle<Result<(), String>>,
    is_over: Arc<AtomicBool>,
    /// Whether a secret that was read can have ended before it is used, so that the file is read again.
    may_be_late: Arc<AtomicBool>,
    polls: Arc<AtomicU64>,
}

impl Consumer {
    fn start(url: &str, file: &Path) -> Self {
        let (is_over, may_be_late, polls) = (Arc::default(), Arc::default(), Arc::default());
        let (url, file) = (url.to_owned(), file.to_owned());
        let thread = std::thread::spawn({
            let (is_over, may_be_late, polls) = (Arc::clone(&is_over), Arc::clone(&may_be_late), Arc::clone(&polls));
            move || poll(&url, &file, &is_over, &may_be_late, &polls)
        });
        Self { thread, is_over, may_be_late, polls }
    }

    fn check(&self) {
        assert!(!self.thread.is_finished(), "the consumer met a moment without a secret that works");
    }

    fn stop(self) -> u64 {
        self.is_over.store(true, Ordering::SeqCst);
        self.thread.join().unwrap().unwrap();
        self.polls.load(Ordering::SeqCst)
    }
}

fn poll(
    url: &str,
    file: &Path,
    is_over: &AtomicBool,
    may_be_late: &AtomicBool,
    polls: &AtomicU64,
) -> Result<(), String> {
    while !is_over.load(Ordering::SeqCst) {
        let secret = fs::read_to_string(file).map_err(|error| error.to_string())?;
        // No fault strikes this.
        let (status, _) = send(url, "GET /api/v2/roles", &secret, "");
        let is_changed = || fs::read_to_string(file).is_ok_and(|now| now != secret);
        match status {
            200 => polls.fetch_add(1, Ordering::SeqCst),
            // Between reading the file and using the secret it was rotated away.
            401 if may_be_late.load(Ordering::SeqCst) && is_changed() => 0,
            status => {
                eprintln!("the consumer's secret is answered {status}");
                return Err(format!("the consumer's secret is answered {status}"));
            }
        };
    }
    Ok(())
}
