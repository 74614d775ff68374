//! Finds secrets by their form, and removes them from messages.

use ldtokens_lifecycle::find_key;

pub(crate) fn has_secret(text: &str) -> bool {
    find_key(text).is_some()
}

/// `text` with its secrets replaced.
pub(crate) fn redacted(text: &str) -> String {
    let (mut clean, mut rest) = (String::new(), text);
    while let Some(secret) = find_key(rest) {
        clean.push_str(&rest[..secret.start]);
        clean.push_str("[redacted]");
        rest = &rest[secret.end..];
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
