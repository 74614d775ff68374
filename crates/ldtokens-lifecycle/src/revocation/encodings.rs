//! Encodings in which a secret can hide.

/// How `bytes` are compressed, by their first bytes.
pub(crate) fn compression(bytes: &[u8]) -> Option<&'static str> {
    let starts: [(&[u8], &str); 5] = [
        (b"\x1f\x8b", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"PK\x03\x04", "zip"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ", "xz"),
    ];
    starts.into_iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, name)| name)
}

/// Returns the text without `%2d`, `\\u002d`, `\\x2d` and `&#45;`, if it has such escapes of ASCII characters.
pub(crate) fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let mut rest = text;
    let mut is_changed = false;
    while let Some(first) = rest.first() {
        match escape(rest) {
            Some((byte, length)) => {
                plain.push(byte);
                rest = &rest[length..];
                is_changed = true;
            }
            None => {
                plain.push(*first);
                rest = &rest[1..];
            }
        }
    }
    is_changed.then_some(plain)
}

/// The character of the escape that `text` starts with, and how long that is.
fn escape(text: &[u8]) -> Option<(u8, usize)> {
    let number = |digits: &[u8], radix| {
        let number = u8::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()?;
        number.is_ascii_graphic().then_some(number)
    };
    match text {
        [b'%', rest @ ..] => Some((number(rest.get(..2)?, 16)?, 3)),
        [b'\\', b'x', rest @ ..] => Some((number(rest.get(..2)?, 16)?, 4)),
        [b'\\', b'u', b'0', b'0', rest @ ..] => Some((number(rest.get(..2)?, 16)?, 6)),
        [b'&', b'#', rest @ ..] => {
            let end = rest.iter().take(5).position(|byte| *byte == b';')?;
            let byte = match &rest[..end] {
                [b'x' | b'X', digits @ ..] => number(digits, 16)?,
                digits => number(digits, 10)?,
            };
            Some((byte, end + 3))
        }
        _ => None,
    }
}

/// Decodes what may be base64 and hold `least` bytes, from each of the four characters that a group can begin with. Line breaks
/// and indentation may be in it.
pub(crate) fn base64(text: &[u8], least: usize) -> Vec<Vec<u8>> {
    let mut decoded = Vec::new();
    let mut run: Vec<u8> = Vec::new();
    let mut is_at_line_start = false;
    for byte in text.iter().copied().chain([b'=']) {
        match value(byte) {
            Some(value) => {
                run.push(value);
                is_at_line_start = false;
            }
            None if byte == b'\n' || byte == b'\r' => is_at_line_start = true,
            None if is_at_line_start && (byte == b' ' || byte == b'\t') => {}
            None => {
                if run.len() * 3 / 4 >= least {
                    decoded.extend((0..4).map(|skipped| bytes(&run[skipped..])));
                }
                run.clear();
            }
        }
    }
    decoded
}

/// The value of a character of base64, in either alphabet.
fn value(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn bytes(values: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len() * 3 / 4);
    for group in values.chunks(4).filter(|group| group.len() > 1) {
        let number =
            group.iter().fold(0_u32, |number, value| number << 6 | u32::from(*value)) << (6 * (4 - group.len()));
        bytes.extend_from_slice(&number.to_be_bytes()[1..group.len()]);
    }
    bytes
}
