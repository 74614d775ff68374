//! Text in HTML.

use std::borrow::Cow;

use ldtokens::UnixMillis;

use crate::date::{DAY, Date};

/// The text, in which nothing is HTML. Control characters and those that change the direction of text are replaced.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| !matches!(letter, '<' | '>' | '&' | '"' | '\'') && !is_odd(letter);
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter if is_odd(letter) => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    Cow::Owned(out)
}

fn is_odd(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Our own text, with what is between backquotes as code.
pub(crate) fn code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { part.to_owned() } else { format!("<code>{part}</code>") }).collect()
}

/// The moment, to the minute.
pub(crate) fn time(moment: UnixMillis) -> String {
    let minutes = moment.get().rem_euclid(DAY) / 60_000;
    let (day, hour, minute) = (Date::of(moment), minutes / 60, minutes % 60);
    format!("<time datetime={day}T{hour:02}:{minute:02}Z>{day} {hour:02}:{minute:02} UTC</time>")
}
