//! A terminal for the binary to run in, and someone who waits for what it says and answers.

use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command as PtyCommand, Pty};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

/// How long to wait for what is expected, before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

pub const CTRL_C: &str = "\u{3}";

/// A process in a terminal of its own, which also is where its signals come from.
pub struct Terminal {
    child: Child,
    pty: Arc<Pty>,
    output: Receiver<Vec<u8>>,
    bytes: Vec<u8>,
    /// How many of the bytes were waited for already.
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

    /// The same, with some of the standard streams elsewhere, where `redirect` puts them.
    pub fn started(mut command: Command, columns: u16, redirect: impl FnOnce(PtyCommand) -> PtyCommand) -> Self {
        command.env("TERM", "xterm-256color");
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
            // When no process has the terminal any more, Linux says so by an error, and others by an end.
            while let Ok(count @ 1..) = (&*reader).read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, pty, output, bytes: Vec::new(), read: 0 }
    }

    /// Waits until the terminal shows `text`, after what was waited for before, and gives what came before it.
    pub fn expect(&mut self, text: &str) -> String {
        let by = Instant::now() + PATIENCE;
        loop {
            let unread = String::from_utf8_lossy(&self.bytes[self.read..]).into_owned();
            if let Some(at) = unread.find(text) {
                // What was cut in the middle of a letter comes after what was found, so that both have the same length.
                self.read += at + text.len();
                return unread[..at].to_owned();
            }
            assert!(self.more(by), "{text:?} never came: {:?}", String::from_utf8_lossy(&self.bytes));
        }
    }

    pub fn type_in(&self, text: &str) {
        (&*self.pty).write_all(text.as_bytes()).unwrap();
    }

    /// Waits for the end, and gives the exit status and all that the terminal showed.
    pub fn end(mut self) -> (Option<i32>, String) {
        let by = Instant::now() + PATIENCE;
        while self.more(by) {}
        assert!(Instant::now() < by, "it never ends: {:?}", String::from_utf8_lossy(&self.bytes));
        let status = self.child.wait().unwrap();
        (status.code(), String::from_utf8_lossy(&self.bytes).into_owned())
    }

    /// Waits for more, and gives whether some came.
    fn more(&mut self, by: Instant) -> bool {
        match self.output.recv_timeout(by.saturating_duration_since(Instant::now())) {
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

/// What a terminal of `columns` shows in the end, line by line: texts overwrite what stood there, and go on in the next line
/// where there is no more room. Knows no more of a terminal than the tests need.
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
