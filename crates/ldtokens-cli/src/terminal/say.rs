//! Messages on standard error, in one format. If errors are JSON, there are none for people.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::terminal::progress;
use crate::terminal::streams::error_width;
use crate::terminal::visible::{self, visible};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();

static ARE_ERRORS_JSON: AtomicBool = AtomicBool::new(false);

/// Says whether a program reads standard error.
pub(crate) fn set_errors_json(are_json: bool) {
    ARE_ERRORS_JSON.store(are_json, Ordering::Relaxed);
}

pub(crate) fn are_errors_json() -> bool {
    ARE_ERRORS_JSON.load(Ordering::Relaxed)
}

pub(crate) fn error(text: &str) {
    for_people(Some(("error:", ERROR)), text);
}

pub(crate) fn warning(text: &str) {
    for_people(Some(("warning:", WARNING)), text);
}

pub(crate) fn note(text: &str) {
    for_people(Some(("note:", NOTE)), text);
}

/// What was done.
pub(crate) fn result(text: &str) {
    for_people(None, text);
}

/// A request that `--verbose` shows.
pub(crate) fn request(text: &str) {
    message(None, text);
}

fn for_people(title: Option<(&str, Style)>, text: &str) {
    if !are_errors_json() {
        message(title, text);
    }
}

/// An error for a program, or the report beside a manifest.
pub(crate) fn json(value: &Value) {
    progress::clear();
    write_line(&visible::json(value));
}

fn message(title: Option<(&str, Style)>, text: &str) {
    progress::clear();
    let mut text = visible(text);
    if let Some((title, _)) = title {
        text = format!("{title} {text}");
    }
    if let Some(width) = error_width() {
        text = wrapped(&text, width);
    }
    match title {
        Some((title, style)) => write_line(&format!("{style}{title}{style:#}{}", &text[title.len()..])),
        None => write_line(&text),
    }
}

/// Text with styles, as it is.
pub(crate) fn page(text: &str) {
    if !are_errors_json() {
        write_line(text);
    }
}

/// If standard error can't be written, as on a full disk, the command goes on.
fn write_line(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Wraps the text at `width` columns, between words and not inside backquotes.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in words(text, width) {
        let line = lines.last_mut().expect("there is one");
        if line.is_empty() {
            line.push_str(&word);
        } else if line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    lines.join("\n")
}

/// The words of the text. Backquoted text is one word, if it fits on a line.
fn words(text: &str, width: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_open = false;
    for word in text.split(' ') {
        let goes_on = is_open && words.last().is_some_and(|last| last.width() + 1 + word.width() <= width);
        match words.last_mut().filter(|_| goes_on) {
            Some(last) => {
                last.push(' ');
                last.push_str(word);
            }
            None => words.push(word.to_owned()),
        }
        is_open ^= word.matches('`').count() % 2 == 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_wrap_between_words_but_not_inside_commands() {
        for (text, width, lines) in [
            ("short", 80, "short"),
            ("one two three", 7, "one two\nthree"),
            ("a word that-does-not-fit here", 8, "a word\nthat-does-not-fit\nhere"),
            ("try `ldtokens get X` then", 18, "try\n`ldtokens get X`\nthen"),
            ("`a b` and `c d`", 9, "`a b` and\n`c d`"),
            ("`a very long command` x", 10, "`a very\nlong\ncommand` x"),
        ] {
            assert_eq!(wrapped(text, width), lines);
        }
    }
}
