//! Makes text from other users safe to print: control characters and invisible characters are escaped.

use serde::Serialize;
use serde_json::Value;

/// Zero-width joiners, which emoji and some scripts need.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// Whether the character is a control character, changes the direction of text, breaks a line or is invisible.
pub(crate) fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether `letter` joins with the character before it, as in emoji and some scripts.
fn belongs_to(before: Option<char>, letter: char) -> bool {
    let is_joiner = JOINERS.contains(&letter) || matches!(letter, '\u{fe00}'..='\u{fe0f}');
    let can_be_joined = |before: char| !before.is_ascii() && (!is_hidden(before) || before == '\u{fe0f}');
    let is_keycap = |before: char| letter == '\u{fe0f}' && (before.is_ascii_digit() || "#*".contains(before));
    is_joiner && before.is_some_and(|before| can_be_joined(before) || is_keycap(before))
}

/// The text on one line, with hidden characters escaped, such as `\n` or `\u{202e}`.
pub(crate) fn visible(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = None;
    for letter in text.chars() {
        if !is_hidden(letter) || belongs_to(before, letter) {
            escaped.push(letter);
        } else {
            escaped.extend(letter.escape_default());
        }
        before = Some(letter);
    }
    escaped
}

/// JSON with hidden characters as JSON escapes. It parses to the same value.
pub(crate) fn json_visible(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for letter in json.chars() {
        // A line end in JSON is never inside a text.
        if letter == '\n' || !is_hidden(letter) {
            escaped.push(letter);
        } else {
            let mut units = [0; 2];
            escaped.extend(letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    escaped
}

/// The value as JSON on one line.
pub(crate) fn json(value: &Value) -> String {
    json_visible(&value.to_string())
}

/// The value as indented JSON.
pub(crate) fn pretty_json(value: &impl Serialize) -> String {
    json_visible(&serde_json::to_string_pretty(value).expect("it is JSON"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{json, visible};

    /// The characters that Unicode lists as bidirectional controls, and others that show nothing.
    const HIDDEN: &str = "\u{61c}\u{200b}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\
        \u{2068}\u{2069}\u{feff}\u{ad}\u{2060}\u{3164}\u{e0041}\u{1b}\u{7f}\u{85}\u{9b}\r\n\t";

    #[test]
    fn invisible_characters_are_escaped() {
        for letter in HIDDEN.chars() {
            let shown = visible(&format!("a{letter}b"));
            assert!(shown.is_ascii() && shown.starts_with("a\\") && shown.ends_with('b'), "{shown}");
        }
        assert_eq!(visible("a\u{202e}b\nc\u{9b}"), "a\\u{202e}b\\nc\\u{9b}");
    }

    #[test]
    fn words_and_emoji_are_not_escaped() {
        for text in ["名前", "שלום", "❤\u{fe0f}", "👩\u{200d}💻", "1\u{fe0f}\u{20e3}", "می\u{200c}خواهم", "e\u{301}"]
        {
            assert_eq!(visible(text), text);
        }
        assert_eq!(visible("ad\u{200d}min\u{fe0f}"), "ad\\u{200d}min\\u{fe0f}", "two names must not look the same");
    }

    #[test]
    fn escaped_json_parses_to_the_same_value() {
        let value = json!({ "name": HIDDEN, "emoji": "👩\u{200d}💻" });
        let text = json(&value);
        assert!(!text.contains(super::is_hidden), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
