//! A rotating process is killed again and again. At the end its consumer has a working secret, has had one at every moment, and
//! no token is left over.
//!
//! `LDTOKENS_CRASH_ROUNDS` sets the number of rotations, and `LDTOKENS_SEED` the random seed.

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

/// The time limit for one run. Only a run that hangs reaches it.
const HANGS: Duration = Duration::from_secs(240);

const STEPS: [&str; 4] = ["planned", "issued", "delivered", "verified"];

const OPERATIONS: [&str; 7] =
    ["getTokens", "postToken", "getToken", "patchToken", "deleteToken", "resetToken", "getCallerIdentity"];

/// The random faults of requests.
const FAULTS: [&str; 6] = [
    "status=500 probability=0.03",
    "status=429 retry-after=0 probability=0.05",
    "drop-before probability=0.03",
    "drop-after probability=0.06",
    "cut-body probability=0.03",
    "delay=10",
];

/// A file before a secret is in it.
const ENV: &str = "# the export's\nA=1\n";

/// Answers of a gateway or a lagging read, which pass.
const REFUSALS: [&str; 2] = ["getCallerIdentity status=401 probability=0.03", "getToken status=404 probability=0.02"];

/// A server whose clock the test drives, and a token with a consumer that polls a file.
struct World {
    server: Server,
    clock: Clock,
    folder: TempDir,
    dice: fastrand::Rng,
    kills: u64,
    kills_at: [u64; 4],
}

/// The arguments of one rotation, the same for each retry.
struct Round {
    strategy: &'static str,
    is_at_once: bool,
    has_command: bool,
    /// Two variables in one file get the secret too.
    has_variables: bool,
    /// The token is named, and not its ID.
    by_name: bool,
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
            // After an immediate reset, no secret works until the new one is delivered.
            is_at_once: round % 6 == 5,
            has_command: round % 3 == 2,
            has_variables: round % 4 < 2,
            by_name: round % 5 < 3,
        };
        consumer.may_be_late.store(round.is_at_once, Ordering::SeqCst);
        world.rotate(&round);
        consumer.check();
        world.check_end();
    }
    let polls = consumer.stop();
    println!("{} kills, {:?} of them at {STEPS:?}; the consumer looked {polls} times", world.kills, world.kills_at);
    assert!(world.kills > 0 && polls > 0, "{} kills, {polls} polls", world.kills);
}

impl World {
    fn start(seed: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // The server's clock, not the command's.
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
        fs::write(world.path("app.env"), ENV).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self) -> PathBuf {
        self.path("export.secret")
    }

    /// The tokens with the name of the rotated one.
    fn tokens(&self) -> Vec<serde_json::Value> {
        let (_, list) = send(self.server.url(), "GET /api/v2/tokens?limit=500", OWNER, "");
        let items = list["items"].as_array().unwrap().iter();
        items.filter(|token| token["name"] == "Export").cloned().collect()
    }

    /// Rotates the token: first killed and with faults, then undisturbed.
    fn rotate(&mut self, round: &Round) {
        let id = self.tokens()[0]["_id"].as_str().unwrap().to_owned();
        let faults = OPERATIONS.iter().flat_map(|operation| FAULTS.map(|fault| format!("{operation} {fault}")));
        let refusals = REFUSALS.iter().map(|line| (*line).to_owned());
        self.server.faults().add(faults.chain(refusals).map(|line| line.parse().unwrap())).unwrap();
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
        // The work that is left when the overlap has ended.
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
        let word = if round.by_name { "Export" } else { id };
        let mut arguments = vec!["rotate", word, "--secret-to", "export.secret", "--strategy", round.strategy];
        arguments.extend(["--write-lag", "500ms", "--yes"]);
        if round.is_at_once {
            arguments.push("--now");
        }
        if round.has_variables {
            arguments.extend(["--env-file", "app.env:LD_ONE", "--env-file", "app.env:LD_TWO", "--create"]);
        }
        if round.has_command {
            // A simple vault: it stores what it is given.
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

    /// Runs it to its end, and returns its exit status.
    fn run(&mut self, id: &str, round: &Round) -> i32 {
        let child = self.spawn(id, round, false);
        let output = child.wait_with_output().unwrap();
        output.status.code().unwrap_or_else(|| panic!("{output:?}"))
    }

    /// The last run has nothing to do, or fails because the overlap of this rotation has not ended.
    fn run_quietly(&mut self, id: &str, round: &Round) -> i32 {
        let child = self.spawn(id, round, false);
        let output = child.wait_with_output().unwrap();
        match output.status.code() {
            Some(0) => 0,
            // It had ended before.
            Some(5 | 6) => 0,
            _ => panic!("{}", stderr(&output)),
        }
    }

    /// Kills it when the journal reaches a random step, or at a random time, if it is still running.
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

    /// Checks that one token is left, and that its secret is in the right place.
    fn check_end(&self) {
        let tokens = self.tokens();
        assert_eq!(tokens.len(), 1, "tokens are left over: {tokens:#?}");
        assert_eq!(tokens[0]["description"], "Nightly");
        let secret = fs::read_to_string(self.file()).unwrap();
        let (status, caller) = send(self.server.url(), "GET /api/v2/caller-identity", &secret, "");
        assert_eq!((status, &caller["tokenId"]), (200, &tokens[0]["_id"]));
        if let Ok(vault) = fs::read_to_string(self.path("vault")) {
            assert_eq!(vault, secret);
            fs::remove_file(self.path("vault")).unwrap();
        }
        let env = fs::read_to_string(self.path("app.env")).unwrap();
        assert!(env == ENV || env == format!("{ENV}LD_ONE={secret}\nLD_TWO={secret}\n"), "{env}");
        fs::write(self.path("app.env"), ENV).unwrap();
        let left: Vec<_> = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 3, "{left:?}");
    }
}

/// The same command, without permission to write files.
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
    /// Whether a secret may stop working between reading and using it, so that the file has to be read again.
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
        assert!(!self.thread.is_finished(), "the consumer had no working secret for a moment");
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
        // No fault affects this request.
        let (status, _) = send(url, "GET /api/v2/roles", &secret, "");
        let is_changed = || fs::read_to_string(file).is_ok_and(|now| now != secret);
        match status {
            200 => polls.fetch_add(1, Ordering::SeqCst),
            // The secret was rotated after the file was read.
            401 if may_be_late.load(Ordering::SeqCst) && is_changed() => 0,
            status => {
                eprintln!("the consumer's secret got status {status}");
                return Err(format!("the consumer's secret got status {status}"));
            }
        };
        // Without a pause, this alone takes a core from the other tests.
        std::thread::sleep(Duration::from_millis(3));
    }
    Ok(())
}
