//! The completion scripts, and the output for bash and zsh. For other shells, clap has both.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::engine::{CompletionCandidate, complete};
use clap_complete::env::{Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};

use super::BASH;
use super::line::Line;

/// The shells that have a script.
pub(super) const SHELLS: Shells<'static> = Shells(&[
    &Scripted { name: BASH, script: include_str!("ldtokens.bash") },
    &Elvish,
    &Fish,
    &Powershell,
    &Scripted { name: "zsh", script: include_str!("ldtokens.zsh") },
]);

/// A shell with a script of ours. Bash splits words in other places than we do, and shows no descriptions. Zsh adds a space after
/// each word unless it is told not to.
struct Scripted {
    name: &'static str,
    script: &'static str,
}

impl EnvCompleter for Scripted {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is(&self, name: &str) -> bool {
        name == self.name
    }

    fn write_registration(&self, _: &str, _: &str, _: &str, _: &str, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(self.script.as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        folder: Option<&Path>,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        match self.name {
            BASH => write_for_bash(command, folder, to),
            _ => Zsh.write_complete(command, words, folder, to),
        }
    }
}

fn write_for_bash(command: &mut Command, folder: Option<&Path>, to: &mut dyn Write) -> io::Result<()> {
    let line = Line::read(Path::new(BASH));
    let words: Vec<OsString> = line.before.iter().chain([&line.current]).map(OsString::from).collect();
    let candidates = complete(command, words, line.before.len(), folder)?;
    let candidates: Vec<_> = candidates.iter().filter_map(|candidate| Reply::new(candidate, &line)).collect();
    // With these, bash inserts the candidates one after the other, so they must not have descriptions.
    let is_inserted = matches!(std::env::var("_LDTOKENS_TYPE").as_deref(), Ok("37" | "42"));
    if let [only] = &candidates[..] {
        return writeln!(to, "{}{}", only.word, if only.is_complete && line.quote.is_none() { " " } else { "" });
    }
    if is_inserted {
        return candidates.iter().try_for_each(|reply| writeln!(to, "{}", reply.word));
    }
    let longest = candidates.iter().map(|reply| reply.word.chars().count()).max().unwrap_or(0);
    let width = std::env::var("_LDTOKENS_WIDTH").ok().and_then(|width| width.parse().ok()).unwrap_or(80_usize);
    candidates.iter().try_for_each(|reply| writeln!(to, "{}", reply.described(longest, width)))
}

/// An item in bash's list of candidates.
struct Reply {
    /// The replacement for bash's word, quoted.
    word: String,
    /// Whether nothing has to follow.
    is_complete: bool,
    help: String,
}

impl Reply {
    /// None for a candidate that can't be passed to bash: it is not UTF-8, has a control character, or does not start with
    /// the part of the word that bash keeps.
    fn new(candidate: &CompletionCandidate, line: &Line) -> Option<Self> {
        let whole = candidate.get_value().to_str().filter(|value| !value.contains(char::is_control))?;
        let word = whole.strip_prefix(&line.current[..line.kept])?;
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        Some(Self {
            word: quoted(word, line.quote),
            is_complete: !whole.ends_with(['=', '/', ',', '<', '>', '~']),
            help: help.lines().next().unwrap_or_default().to_owned(),
        })
    }

    /// The word, padded to `longest` characters, and as much of its help as fits into `width`.
    fn described(&self, longest: usize, width: usize) -> String {
        // Bash adds a margin.
        let room = width.saturating_sub(longest + 6);
        let help = match self.help.char_indices().nth(room) {
            Some((end, _)) => format!("{}…", self.help[..end].trim_end()),
            None => self.help.clone(),
        };
        if help.is_empty() || room < 8 { self.word.clone() } else { format!("{:longest$}  ({help})", self.word) }
    }
}

/// The text, escaped for bash inside these quotes or without quotes.
fn quoted(text: &str, quote: Option<char>) -> String {
    let mut quoted = String::new();
    for letter in text.chars() {
        match quote {
            Some('\'') if letter == '\'' => quoted.push_str("'\\'"),
            Some('"') if "\"\\$`".contains(letter) => quoted.push('\\'),
            None if " \t\"'\\<>;|&()$`!*?[]#{}".contains(letter) => quoted.push('\\'),
            _ => {}
        }
        quoted.push(letter);
    }
    quoted
}
