//! Finds secrets by their format, and removes them from messages.

/// The prefixes of LaunchDarkly's secrets. A UUID follows.
const PREFIXES: [&str; 4] = ["api-", "sdk-", "mob-", "rel-"];

const REDACTED: &str = "[redacted]";

/// How a UUID is written.
const UUID: &[u8] = b"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

/// The number of bytes of a secret.
const LENGTH: usize = 4 + UUID.len();

/// Where the first secret in `text` begins.
fn find(text: &str) -> Option<usize> {
    let fits = |(byte, form): (&u8, &u8)| if *form == b'-' { byte == form } else { byte.is_ascii_hexdigit() };
    text.as_bytes().windows(LENGTH).position(|window| {
        let (prefix, uuid) = window.split_at(4);
        PREFIXES.iter().any(|known| known.as_bytes() == prefix) && uuid.iter().zip(UUID).all(fits)
    })
}

/// Whether `text` contains a secret.
pub(crate) fn has_secret(text: &str) -> bool {
    find(text).is_some()
}

/// `text` with its secrets replaced.
pub(crate) fn redacted(text: &str) -> String {
    let (mut clean, mut rest) = (String::new(), text);
    while let Some(start) = find(rest) {
        clean.push_str(&rest[..start]);
        clean.push_str(REDACTED);
        rest = &rest[start + LENGTH..];
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
