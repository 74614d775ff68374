//! A pseudo-terminal to run the binary in, with methods to wait for output and to type.

use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command as PtyCommand, Pty};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::delaying_proxy::DelayingProxy;

/// How long to wait for expected output before the test fails.
const TIMEOUT: Duration = Duration::from_secs(30);

pub const CTRL_C: &str = "\u{3}";

/// A process with its own controlling terminal.
pub struct Terminal {
    child: Child,
    pty: Arc<Pty>,
    output: Receiver<Vec<u8>>,
    bytes: Vec<u8>,
    /// How many of the bytes `expect` has consumed.
    read: usize,
}

impl Terminal {
    /// Runs `command` in a terminal of 80 columns.
    pub fn run(command: Command) -> Self {
        Self::sized(command, 80)
    }

    pub fn sized(command: Command, columns: u16) -> Self {
        Self::started(command, columns, |command| command)
    }

    /// The same, with some of the standard streams redirected.
    pub fn started(mut command: Command, columns: u16, redirect: impl FnOnce(PtyCommand) -> PtyCommand) -> Self {
        if !command.get_envs().any(|(name, _)| name == "TERM") {
            command.env("TERM", "xterm-256color");
        }
        let (pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(Size::new(24, columns)).unwrap();
        // Else Linux may discard what the process prints in response to Ctrl-C: it flushes the terminal after the signal.
        let mut modes = tcgetattr(&pty).unwrap();
        modes.local_modes |= LocalModes::NOFLSH;
        tcsetattr(&pty, OptionalActions::Now, &modes).unwrap();
        let child = redirect(command.into()).spawn(pts).unwrap();
        let pty = Arc::new(pty);
        let (sender, output) = channel();
        let reader = pty.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // When no process has the terminal open, reading gives an error on Linux, and an end of file elsewhere.
            while let Ok(count @ 1..) = (&*reader).read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, pty, output, bytes: Vec::new(), read: 0 }
    }

    /// Waits until `text` appears after the last match, and returns the text before it.
    pub fn expect(&mut self, text: &str) -> String {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let unread = String::from_utf8_lossy(&self.bytes[self.read..]).into_owned();
            if let Some(at) = unread.find(text) {
                // An incomplete character can only be after the match, so the byte lengths are the same.
                self.read += at + text.len();
                return unread[..at].to_owned();
            }
            assert!(self.more(deadline), "{text:?} did not appear: {:?}", String::from_utf8_lossy(&self.bytes));
        }
    }

    pub fn type_in(&self, text: &str) {
        (&*self.pty).write_all(text.as_bytes()).unwrap();
    }

    /// Answers the question, and returns what was shown before it, the exit status and all output.
    pub fn answer(mut self, answer: &str) -> (String, Option<i32>, String) {
        let before = self.expect("[y/N] ");
        self.type_in(answer);
        let (status, shown) = self.end();
        (before, status, shown)
    }

    /// Waits for the process to end, and returns its exit status and all output.
    pub fn end(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + TIMEOUT;
        while self.more(deadline) {}
        assert!(Instant::now() < deadline, "it does not end: {:?}", String::from_utf8_lossy(&self.bytes));
        let status = self.child.wait().unwrap();
        (status.code(), String::from_utf8_lossy(&self.bytes).into_owned())
    }

    /// Ctrl-C while `requests` wait at the proxy for their responses, which then come. See [`interrupted`](Self::interrupted).
    pub fn interrupted_at(mut self, proxy: &DelayingProxy, requests: usize) -> String {
        (0..requests).for_each(|_| proxy.wait_for_request());
        self.type_in(CTRL_C);
        self.expect("finishing what was started");
        proxy.release();
        self.ended_by_interrupt()
    }

    /// Ctrl-C, and the end of the command. Returns all output, with one blank between two words.
    pub fn interrupted(self) -> String {
        self.type_in(CTRL_C);
        self.ended_by_interrupt()
    }

    fn ended_by_interrupt(self) -> String {
        let (status, shown) = self.end();
        assert_eq!(status, Some(130), "{shown}");
        shown.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Waits for more output, and returns whether there was some.
    fn more(&mut self, deadline: Instant) -> bool {
        match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(bytes) => {
                self.bytes.extend(bytes);
                true
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines that a terminal of `columns` shows in the end: text overwrites earlier text, and wraps at the right edge. It
/// knows only the control sequences that the tests need.
pub fn screen(output: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<Vec<char>> = vec![Vec::new()];
    let mut at = 0;
    let mut letters = output.chars().peekable();
    while let Some(letter) = letters.next() {
        let line = lines.last_mut().unwrap();
        match letter {
            '\r' => at = 0,
            '\n' => {
                lines.push(Vec::new());
                at = 0;
            }
            '\u{1b}' => {
                let sequence: String =
                    std::iter::from_fn(|| letters.next_if(|next| !next.is_ascii_alphabetic())).collect();
                if (sequence.as_str(), letters.next()) == ("[", Some('K')) {
                    line.truncate(at);
                }
            }
            letter => {
                if at == columns {
                    lines.push(Vec::new());
                    at = 0;
                }
                let line = lines.last_mut().unwrap();
                line.resize(line.len().max(at + 1), ' ');
                line[at] = letter;
                at += 1;
            }
        }
    }
    lines.into_iter().map(|line| line.into_iter().collect::<String>().trim_end().to_owned()).collect()
}
