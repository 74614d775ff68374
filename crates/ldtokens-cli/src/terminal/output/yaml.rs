//! Writes YAML that parsers of version 1.1 (PyYAML, Go's yaml.v2, Ruby) and of version 1.2 read as the same values.

use serde::Serialize;
use serde_json::Value;
use serde_saphyr::ser_options;

use crate::terminal::visible::is_hidden;

/// The value as YAML, without `---`. Hidden characters are escaped.
pub(crate) fn yaml(value: &impl Serialize) -> String {
    let value = marked(serde_json::to_value(value).expect("it is JSON"));
    let options = ser_options! { compact_list_indent: false, prefer_block_scalars: false };
    let yaml = serde_saphyr::to_string_with_options(&value, options).expect("JSON is YAML");
    let mut escaped = String::with_capacity(yaml.len());
    for letter in yaml.chars() {
        if !is_left(letter) {
            escaped.push(letter);
            continue;
        }
        escaped.truncate(escaped.len() - r"\0".len());
        // YAML, unlike JSON, has no surrogate pairs.
        match u32::from(letter) {
            number @ ..=0xffff => escaped += &format!("\\u{number:04X}"),
            number => escaped += &format!("\\U{number:08X}"),
        }
    }
    escaped
}

/// Whether the character is a hidden one that the serializer leaves as it is.
fn is_left(letter: char) -> bool {
    is_hidden(letter) && !letter.is_control() && !['\u{feff}', '\u{2028}', '\u{2029}'].contains(&letter)
}

/// The value with NUL before each hidden character, so that the serializer puts double quotes around the text.
fn marked(value: Value) -> Value {
    let text = |text: String| {
        text.chars().flat_map(|letter| is_left(letter).then_some('\0').into_iter().chain([letter])).collect()
    };
    match value {
        Value::String(it) => Value::String(text(it)),
        Value::Array(items) => items.into_iter().map(marked).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (text(name), marked(value))).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::yaml;

    /// From the pages on types of yaml.org (bool, float, int, merge, null, timestamp, value), and YAML 1.2's own.
    const NOT_TEXT: &str = "y Y yes Yes YES n N no No NO true True TRUE false False FALSE on On ON off Off OFF \
        6.8523015e+5 685.230_15e+03 685_230.15 190:20:30.15 -.inf .inf .Inf +.INF .nan .NaN 685230 +685_230 02472256 0x_0A_74_AE \
        0b1010_0111_0100_1010_1110 190:20:30 << ~ null Null NULL 2001-12-15 2001-12-14t21:59:43.10-05:00 \
        = 1e3 1E3 12e03 0o14 0xC 0b1 1_000 12:30:45 2026-01-31 - ? : -1 612345678901234567890123 612345678901e34567890123";

    #[test]
    fn text_that_yaml_would_read_as_another_type_is_quoted() {
        let others = [
            "", " a", "a ", "a: b", "a #b", "- a", "#a", "&a", "*a", "!a", "|", ">", "'", "%a", "@a", "`a", "{", "[",
            "a\nb",
        ];
        for text in NOT_TEXT.split_whitespace().chain(others) {
            for text in [yaml(&text), yaml(&json!({ text: 1 }))] {
                assert!(text.starts_with(['"', '\'']), "{text}");
            }
        }
    }

    #[test]
    fn names_and_ids_are_not_quoted() {
        for text in
            ["Nightly export", "61095542756dba551110ae21", "a@example.com", "_id", "reader", "https//x", "no one"]
        {
            assert_eq!(yaml(&text), format!("{text}\n"));
        }
    }

    #[test]
    fn nested_values_are_indented_and_empty_ones_stay_on_the_line() {
        let value = json!([{
            "_id": "a", "list": ["x", {"b": 1, "c": []}], "map": {"k": {"deep": true}}, "no": null, "\u{202e}": "\0\u{e0041}'\"\\"
        }, {}]);
        let expected = "- _id: a\n  list:\n    - x\n    - b: 1\n      c: []\n  map:\n    k:\n      deep: true\n  \"no\": null\n  \
            \"\\u202E\": \"\\0\\U000E0041'\\\"\\\\\"\n- {}\n";
        assert_eq!(yaml(&value), expected);
        assert_eq!(serde_saphyr::from_str::<Value>(&yaml(&value)).unwrap(), value);
        assert_eq!(yaml(&json!([])), "[]\n");
    }

    #[test]
    fn a_number_with_an_exponent_gets_a_point_and_a_sign() {
        for (number, text) in [(1e30, "1.0e+30"), (1.5e-10, "1.5e-10"), (0.5, "0.5")] {
            assert_eq!(yaml(&number), format!("{text}\n"));
        }
    }
}
