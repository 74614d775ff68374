//! The line that is being typed, and bash's completions. Bash splits words in other places, and neither describes nor quotes.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::engine::complete;

pub(super) const NAME: &str = "bash";

/// The variables of bash's script: the line up to the cursor, and the characters at which bash splits words.
const LINE: &str = "_LDTOKENS_LINE";
const BREAKS: &str = "_LDTOKENS_BREAKS";

/// A line up to the cursor.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line {
    /// The words before the one that is being typed, without their quotes. The first is the command's name.
    pub(super) before: Vec<String>,
    /// The word that is being typed, up to the cursor and without its quotes.
    pub(super) current: String,
    /// The number of bytes of it that the shell does not count as part of the word, and keeps.
    pub(super) kept: usize,
    /// The quote that the word is in.
    pub(super) quote: Option<char>,
    /// Whether the shell inserts candidates without quoting them.
    is_raw: bool,
}

impl Line {
    /// Reads the line from `shell`.
    pub(super) fn read(shell: &Path) -> Self {
        let variable = |name| std::env::var(name).unwrap_or_default();
        let shell = shell.file_stem().unwrap_or_default();
        if shell == NAME {
            return Self::lex(&variable(LINE), &variable(BREAKS));
        }
        let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
        let mut before: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        let index = variable("_CLAP_COMPLETE_INDEX").parse().unwrap_or(before.len().saturating_sub(1));
        before.truncate(index.saturating_add(1));
        let current = if before.len() > index { before.pop() } else { None };
        Self {
            before,
            current: current.unwrap_or_default(),
            is_raw: shell != "zsh" && shell != "fish",
            ..Self::default()
        }
    }

    /// Splits a line like bash does. `$NAME` and the like are not replaced.
    fn lex(line: &str, breaks: &str) -> Self {
        let mut lexed = Self::default();
        let mut letters = line.chars();
        while let Some(letter) = letters.next() {
            let word = &mut lexed.current;
            match (lexed.quote, letter) {
                (Some('\''), '\\') => word.push('\\'),
                (Some('"'), '\\') => match letters.next() {
                    Some(quoted @ ('"' | '\\' | '$' | '`')) => word.push(quoted),
                    other => word.extend(['\\'].into_iter().chain(other)),
                },
                (None, '\\') => word.extend(letters.next()),
                (Some(quote), end) if end == quote => {
                    lexed.quote = None;
                    lexed.kept = word.len();
                }
                (None, '\'' | '"') => {
                    lexed.quote = Some(letter);
                    lexed.kept = word.len();
                }
                (None, ' ' | '\t' | '\n') => {
                    let word = std::mem::take(word);
                    lexed.kept = 0;
                    lexed.before.extend((!word.is_empty()).then_some(word));
                }
                (quote, letter) => {
                    word.push(letter);
                    if quote.is_none() && breaks.contains(letter) {
                        lexed.kept = word.len();
                    }
                }
            }
        }
        lexed
    }

    /// Whether `word` can be inserted into the line, and is not a flag.
    pub(super) fn can_be(&self, word: &str) -> bool {
        let is_plain = word.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"-_.".contains(&letter));
        !word.starts_with('-') && (is_plain || !self.is_raw)
    }
}

/// Prints what bash inserts or lists for the line.
pub(super) fn write_candidates(command: &mut Command, folder: Option<&Path>, to: &mut dyn Write) -> io::Result<()> {
    let line = Line::read(Path::new(NAME));
    let words: Vec<OsString> = line.before.iter().chain([&line.current]).map(OsString::from).collect();
    let candidates = complete(command, words, line.before.len(), folder)?;
    // What can't be passed to bash is left out.
    let candidates = candidates.iter().filter_map(|candidate| {
        let whole = candidate.get_value().to_str().filter(|value| !value.contains(char::is_control))?;
        let word = quoted(whole.strip_prefix(&line.current[..line.kept])?, line.quote);
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        Some((whole, word, help.lines().next().unwrap_or_default().to_owned()))
    });
    let candidates: Vec<_> = candidates.collect();
    if let [(whole, word, _)] = &candidates[..] {
        let is_complete = !whole.ends_with(['=', '/', ',', '<', '>', '~']) && line.quote.is_none();
        return writeln!(to, "{word}{}", if is_complete { " " } else { "" });
    }
    // With these, bash inserts the candidates one after the other, so they must not have descriptions.
    let is_inserted = matches!(std::env::var("_LDTOKENS_TYPE").as_deref(), Ok("37" | "42"));
    let longest = candidates.iter().map(|(_, word, _)| word.chars().count()).max().unwrap_or(0);
    let width = std::env::var("_LDTOKENS_WIDTH").ok().and_then(|width| width.parse().ok()).unwrap_or(80_usize);
    // Bash adds a margin.
    let room = width.saturating_sub(longest + 6);
    candidates.iter().try_for_each(|(_, word, help)| {
        let help = match help.char_indices().nth(room) {
            Some((end, _)) => format!("{}…", help[..end].trim_end()),
            None => help.clone(),
        };
        match is_inserted || help.is_empty() || room < 8 {
            true => writeln!(to, "{word}"),
            false => writeln!(to, "{word:longest$}  ({help})"),
        }
    })
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

#[cfg(test)]
mod tests {
    use super::Line;

    /// As bash has them.
    const BREAKS: &str = " \t\n\"'><=;|&(:";

    #[test]
    fn a_line_is_split_like_bash_does() {
        for (line, before, current, kept, quote) in [
            ("ldtokens ", "ldtokens", "", "", None),
            ("ldtokens  get x", "ldtokens|get", "x", "", None),
            ("ldtokens getToken tokenId=", "ldtokens|getToken", "tokenId=", "tokenId=", None),
            ("ldtokens postToken role==re", "ldtokens|postToken", "role==re", "role==", None),
            ("ldtokens postToken serviceToken:=t", "ldtokens|postToken", "serviceToken:=t", "serviceToken:=", None),
            (
                "ldtokens --token-file='a b' get 'Nightly e",
                "ldtokens|--token-file=a b|get",
                "Nightly e",
                "",
                Some('\''),
            ),
            ("ldtokens get Nightly\\ e", "ldtokens|get", "Nightly e", "", None),
            ("ldtokens list -f lastUsed\\<", "ldtokens|list|-f", "lastUsed<", "", None),
            ("ldtokens list -f \"na\\\"me=", "ldtokens|list|-f", "na\"me=", "", Some('"')),
            ("ldtokens postToken name==\"a=", "ldtokens|postToken", "name==a=", "name==", Some('"')),
            ("ldtokens postToken 'name'", "ldtokens|postToken", "name", "name", None),
        ] {
            let lexed = Line::lex(line, BREAKS);
            assert_eq!(lexed.before.join("|"), before, "{line}");
            assert_eq!(lexed.current, current, "{line}");
            assert_eq!(&lexed.current[..lexed.kept], kept, "{line}");
            assert_eq!(lexed.quote, quote, "{line}");
        }
    }
}
