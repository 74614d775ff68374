//! Writes YAML that parsers of version 1.1 (PyYAML, Go's yaml.v2, Ruby) and of version 1.2 read as the same values.

use std::fmt::Write;

use serde_json::Value;

use crate::terminal::output::visible::is_hidden;

/// Words that YAML 1.1 reads as a boolean or null, in lower case.
const NOT_TEXT: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// The value as YAML, without `---`.
pub(crate) fn yaml(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => mapping(fields, 0, &mut text),
        Value::Array(items) if !items.is_empty() => sequence(items, 0, &mut text),
        scalar => {
            text.push_str(&short(scalar));
            text.push('\n');
        }
    }
    text
}

fn mapping(fields: &serde_json::Map<String, Value>, depth: usize, text: &mut String) {
    for (at, (name, value)) in fields.iter().enumerate() {
        // The first one is on the line of the dash, or indented already.
        if at > 0 {
            text.push_str(&"  ".repeat(depth));
        }
        text.push_str(&string(name));
        text.push(':');
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                text.push('\n');
                text.push_str(&"  ".repeat(depth + 1));
                mapping(fields, depth + 1, text);
            }
            Value::Array(items) if !items.is_empty() => {
                text.push('\n');
                text.push_str(&"  ".repeat(depth + 1));
                sequence(items, depth + 1, text);
            }
            scalar => {
                let _ = writeln!(text, " {}", short(scalar));
            }
        }
    }
}

fn sequence(items: &[Value], depth: usize, text: &mut String) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push_str(&"  ".repeat(depth));
        }
        text.push_str("- ");
        match item {
            Value::Object(fields) if !fields.is_empty() => mapping(fields, depth + 1, text),
            Value::Array(items) if !items.is_empty() => sequence(items, depth + 1, text),
            scalar => {
                text.push_str(&short(scalar));
                text.push('\n');
            }
        }
    }
}

/// A scalar, or an empty array or object, on one line.
fn short(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        // YAML 1.1 reads `1e30` as a text. A number needs a point and a sign.
        Value::Number(number) if !number.is_i64() && !number.is_u64() => float(&number.to_string()),
        other => other.to_string(),
    }
}

fn float(number: &str) -> String {
    let (mantissa, exponent) = number.split_once('e').unwrap_or((number, ""));
    let mantissa = if mantissa.contains('.') { mantissa.to_owned() } else { format!("{mantissa}.0") };
    match exponent.chars().next() {
        None => mantissa,
        Some('+' | '-') => format!("{mantissa}e{exponent}"),
        Some(_) => format!("{mantissa}e+{exponent}"),
    }
}

fn string(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Whether the text needs no quotes: no parser reads it as a boolean, null, number or date.
fn is_plain(text: &str) -> bool {
    let is_safe = |letter: char| letter.is_ascii_alphanumeric() || " _./@+-".contains(letter);
    let begins_safely = match text.bytes().next() {
        Some(b'a'..=b'z' | b'A'..=b'Z') => true,
        Some(b'_') => text.len() > 1 && text.as_bytes()[1].is_ascii_alphabetic(),
        // Such as IDs. Letters in numbers are only those of an exponent or a base.
        Some(b'0'..=b'9') => {
            let is_based = matches!(text.as_bytes(), [b'0', b'a'..=b'z' | b'A'..=b'Z', ..]);
            let has_other = text.bytes().any(|byte| byte.is_ascii_alphabetic() && !matches!(byte, b'e' | b'E'));
            !is_based && has_other && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }
        _ => false,
    };
    begins_safely
        && text.chars().all(is_safe)
        && !text.ends_with(' ')
        && !NOT_TEXT.contains(&text.to_ascii_lowercase().as_str())
}

/// The text between double quotes.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            letter if is_hidden(letter) || matches!(letter, '\u{fffe}' | '\u{ffff}') => {
                // YAML, unlike JSON, has no surrogate pairs.
                let number = u32::from(letter);
                let _ =
                    if number > 0xffff { write!(quoted, "\\U{number:08X}") } else { write!(quoted, "\\u{number:04X}") };
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{short, string, yaml};

    /// From the pages on types of yaml.org (bool, float, int, merge, null, timestamp, value), and YAML 1.2's own.
    const NOT_TEXT: &str = "y Y yes Yes YES n N no No NO true True TRUE false False FALSE on On ON off Off OFF \
        6.8523015e+5 685.230_15e+03 685_230.15 190:20:30.15 -.inf .inf .Inf +.INF .nan .NaN 685230 +685_230 02472256 0x_0A_74_AE \
        0b1010_0111_0100_1010_1110 190:20:30 << ~ null Null NULL 2001-12-15 2001-12-14t21:59:43.10-05:00 \
        = 1e3 1E3 12e03 0o14 0xC 0b1 1_000 12:30:45 2026-01-31 -1 - ? : 612345678901234567890123 612345678901e34567890123";

    #[test]
    fn text_that_yaml_would_read_as_another_type_is_quoted() {
        for word in NOT_TEXT.split_whitespace() {
            assert_eq!(string(word), format!("\"{word}\""));
        }
        for text in [
            "", " a", "a ", "a: b", "a #b", "- a", "#a", "&a", "*a", "!a", "|", ">", "'", "%a", "@a", "`a", "{", "[",
            "a,",
        ] {
            assert_eq!(string(text), format!("\"{text}\""));
        }
    }

    #[test]
    fn names_and_ids_are_not_quoted() {
        for text in
            ["Nightly export", "61095542756dba551110ae21", "a@example.com", "_id", "reader", "https//x", "no one"]
        {
            assert_eq!(string(text), text);
        }
    }

    #[test]
    fn nested_values_are_indented_and_empty_ones_stay_on_the_line() {
        let value =
            json!([{"_id": "a", "list": ["x", {"b": 1, "c": []}], "map": {"k": {"deep": true}}, "no": null}, {}]);
        let expected = "- _id: a\n  list:\n    - x\n    - b: 1\n      c: []\n  map:\n    k:\n      deep: true\n  \"no\": null\n- {}\n";
        assert_eq!(yaml(&value), expected);
        assert_eq!(serde_saphyr::from_str::<Value>(&yaml(&value)).unwrap(), value);
        assert_eq!(yaml(&json!([])), "[]\n");
    }

    #[test]
    fn a_number_with_an_exponent_gets_a_point_and_a_sign() {
        for (number, text) in
            [(json!(1e30), "1.0e+30"), (json!(1.5e-10), "1.5e-10"), (json!(0.5), "0.5"), (json!(7), "7")]
        {
            assert_eq!(short(&number), text);
        }
    }
}
