//! Finds secrets by their format, and removes them from messages.

/// The prefixes of LaunchDarkly's secrets. A UUID follows.
const PREFIXES: [&str; 4] = ["api-", "sdk-", "mob-", "rel-"];

const REDACTED: &str = "[redacted]";

/// The lengths of a UUID's parts.
const UUID: [usize; 5] = [8, 4, 4, 4, 12];

/// The byte range of the first secret in `text`.
fn find(text: &str) -> Option<(usize, usize)> {
    let starts = text.char_indices().filter(|(at, _)| PREFIXES.iter().any(|prefix| text[*at..].starts_with(prefix)));
    starts.filter_map(|(at, _)| Some((at, at + PREFIXES[0].len() + uuid(&text[at + PREFIXES[0].len()..])?))).next()
}

/// The length of a UUID at the start of the text.
fn uuid(text: &str) -> Option<usize> {
    let mut at = 0;
    for (part, length) in UUID.into_iter().enumerate() {
        if part > 0 {
            at += text[at..].starts_with('-').then_some(1)?;
        }
        let digits = text.as_bytes().get(at..at + length)?;
        digits.iter().all(u8::is_ascii_hexdigit).then_some(())?;
        at += length;
    }
    Some(at)
}

/// Whether `text` contains a secret.
pub(crate) fn has_secret(text: &str) -> bool {
    find(text).is_some()
}

/// `text` with its secrets replaced.
pub(crate) fn redacted(text: &str) -> String {
    let (mut clean, mut rest) = (String::new(), text);
    while let Some((start, end)) = find(rest) {
        clean.push_str(&rest[..start]);
        clean.push_str(REDACTED);
        rest = &rest[end..];
    }
    clean + rest
}

#[cfg(test)]
mod tests {
    use super::{has_secret, redacted};

    #[test]
    fn secrets_are_found_anywhere_in_a_text() {
        let secret = "api-0b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b";
        for (text, clean) in [
            (secret.to_owned(), "[redacted]"),
            (format!("--{secret}"), "--[redacted]"),
            (format!("'{secret}' and é{secret}é"), "'[redacted]' and é[redacted]é"),
            (format!("https://a:{}@host", secret.to_uppercase().replace("API", "sdk")), "https://a:[redacted]@host"),
            ("rel-engineering-production-and-staging-eu".to_owned(), "rel-engineering-production-and-staging-eu"),
            (secret[..39].to_owned(), &secret[..39]),
            ("api-".to_owned(), "api-"),
        ] {
            assert_eq!(redacted(&text), clean);
            assert_eq!(has_secret(&text), text != clean, "{text}");
        }
    }
}
