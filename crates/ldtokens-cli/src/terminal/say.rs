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

/// Wraps the text at `width` columns: between words, and not inside backquotes whose text fits on a line.
fn wrapped(text: &str, width: usize) -> String {
    // There is no NUL in the text, since it is visible.
    const BLANK: &str = "\0";
    let kept = |(at, part): (usize, &str)| match at % 2 == 1 && part.width() + 2 <= width {
        true => part.replace(' ', BLANK),
        false => part.to_owned(),
    };
    let text = text.split('`').enumerate().map(kept).collect::<Vec<_>>().join("`");
    let mut words = text.split(' ');
    let mut lines = vec![words.next().unwrap_or_default().to_owned()];
    for word in words {
        match lines.last_mut().filter(|line| line.width() + 1 + word.width() <= width) {
            Some(line) => *line += &format!(" {word}"),
            None => lines.push(word.to_owned()),
        }
    }
    lines.join("\n").replace(BLANK, " ")
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
