//! The scripts that make shells ask, and bash's and zsh's side of the answer. The other shells' are clap's own.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::engine::{CompletionCandidate, complete};
use clap_complete::env::{Elvish, EnvCompleter, Fish, Powershell, Shells};

use super::BASH;
use super::line::Line;

/// The shells that can be asked for by name.
pub(super) const SHELLS: Shells<'static> = Shells(&[&Bash, &Elvish, &Fish, &Powershell, &Zsh]);

/// Bash, which breaks words where we don't, and shows no descriptions by itself.
struct Bash;

/// Zsh, which puts a blank after every word if it isn't told not to.
struct Zsh;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        BASH
    }

    fn is(&self, name: &str) -> bool {
        name == BASH
    }

    fn write_registration(&self, _: &str, _: &str, _: &str, _: &str, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(include_bytes!("ldtokens.bash"))
    }

    fn write_complete(
        &self,
        command: &mut Command,
        _: Vec<OsString>,
        folder: Option<&Path>,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        let line = Line::read(Path::new(BASH));
        let words: Vec<OsString> = line.before.iter().chain([&line.current]).map(OsString::from).collect();
        let candidates = complete(command, words, line.before.len(), folder)?;
        let candidates: Vec<_> = candidates.iter().filter_map(|candidate| Reply::new(candidate, &line)).collect();
        // With these bash puts each candidate on the line in turn, and so what describes it too.
        let is_inserted = matches!(std::env::var("_LDTOKENS_TYPE").as_deref(), Ok("37" | "42"));
        if let [only] = &candidates[..] {
            return writeln!(to, "{}{}", only.word, if only.is_whole && line.quote.is_none() { " " } else { "" });
        }
        if is_inserted {
            return candidates.iter().try_for_each(|reply| writeln!(to, "{}", reply.word));
        }
        let longest = candidates.iter().map(|reply| reply.word.chars().count()).max().unwrap_or(0);
        let width = std::env::var("_LDTOKENS_WIDTH").ok().and_then(|width| width.parse().ok()).unwrap_or(80_usize);
        candidates.iter().try_for_each(|reply| writeln!(to, "{}", reply.described(longest, width)))
    }
}

/// What stands in bash's list of candidates.
struct Reply {
    /// What comes where bash's word is, quoted.
    word: String,
    /// Whether nothing has to follow.
    is_whole: bool,
    help: String,
}

impl Reply {
    /// None for what bash can't be told: what is not UTF-8 or has a line end, or does not go on from where bash's word begins.
    fn new(candidate: &CompletionCandidate, line: &Line) -> Option<Self> {
        let whole = candidate.get_value().to_str().filter(|value| !value.contains(char::is_control))?;
        let word = whole.strip_prefix(&line.current[..line.kept])?;
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        Some(Self {
            word: quoted(word, line.quote),
            is_whole: !whole.ends_with(['=', '/', ',', '<', '>', '~']),
            help: help.lines().next().unwrap_or_default().to_owned(),
        })
    }

    /// The word in a column of `longest` letters, and as much of its help as fits into `width`.
    fn described(&self, longest: usize, width: usize) -> String {
        // Bash's own list has a margin.
        let room = width.saturating_sub(longest + 6);
        let help = match self.help.char_indices().nth(room) {
            Some((end, _)) => format!("{}…", self.help[..end].trim_end()),
            None => self.help.clone(),
        };
        if help.is_empty() || room < 8 { self.word.clone() } else { format!("{:longest$}  ({help})", self.word) }
    }
}

/// The text as bash reads it in such quotes, or in none.
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

impl EnvCompleter for Zsh {
    fn name(&self) -> &'static str {
        "zsh"
    }

    fn is(&self, name: &str) -> bool {
        name == "zsh"
    }

    fn write_registration(&self, _: &str, _: &str, _: &str, _: &str, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(include_bytes!("ldtokens.zsh"))
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        folder: Option<&Path>,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        clap_complete::env::Zsh.write_complete(command, words, folder, to)
    }
}
