//! The line that is being typed, from each shell.

use std::collections::VecDeque;
use std::path::Path;

use super::BASH;

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
        if shell == BASH {
            return Self::lex(&variable(LINE), &variable(BREAKS));
        }
        let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
        let mut before: VecDeque<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        let index = variable("_CLAP_COMPLETE_INDEX").parse().unwrap_or(before.len().saturating_sub(1));
        before.truncate(index.saturating_add(1));
        let current = if before.len() > index { before.pop_back() } else { None };
        Self {
            before: before.into(),
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

    /// Whether an earlier word begins with `beginning`.
    pub(super) fn has(&self, beginning: &str) -> bool {
        self.before.iter().any(|word| word.starts_with(beginning))
    }
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
