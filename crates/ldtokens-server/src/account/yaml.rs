//! Reads YAML within limits. An error has the line and the column, but no value, which may be a secret in the wrong place.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{Error, MessageFormatter, Options, UserMessageFormatter, alias_limits, budget, options};

/// The maximum for the text, in bytes.
pub(crate) const MAX_SIZE: usize = 16 * 1024 * 1024;

/// The maximum for all values together, in bytes. An alias counts as the values that it stands for.
const MAX_SIZE_OF_VALUES: usize = 64 * 1024 * 1024;

/// The maximum number of values. An alias counts as the values that it stands for.
const MAX_VALUES: usize = 4_000_000;

/// The maximum depth, which the stack of any thread has room for. An account is nested seven deep.
const MAX_DEPTH: usize = 32;

const TOO_DEEP: &str = "nested too deep (an account is nested seven deep)";

pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    if text.len() > MAX_SIZE {
        return Err("it is larger than 16 MiB".to_owned());
    }
    read_within(limits(MAX_VALUES), text)
}

fn read_within<T: DeserializeOwned>(limits: Options, text: &str) -> Result<T, String> {
    serde_saphyr::from_str_with_options(text, limits).map_err(|error| error.render_with_formatter(&Messages))
}

fn limits(max_values: usize) -> Options {
    options! {
        // The limits that are off here follow from the size of the text and from those above.
        budget: budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: max_values,
            max_total_scalar_bytes: MAX_SIZE_OF_VALUES,
            max_events: usize::MAX,
            max_aliases: usize::MAX,
            max_anchors: usize::MAX,
            max_merge_keys: usize::MAX,
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: alias_limits! { max_total_replayed_events: usize::MAX },
        strict_booleans: true,
        with_snippet: false,
    }
}

struct Messages;

impl MessageFormatter for Messages {
    fn format_message<'a>(&self, error: &'a Error) -> Cow<'a, str> {
        match error {
            Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => TOO_DEEP.into(),
            Error::Budget { .. } => {
                "with its aliases followed, it has more than 64 MiB or 4,000,000 values; use fewer aliases".into()
            }
            Error::Unexpected { expected: "sequence start", .. } => "expected a list".into(),
            Error::Unexpected { expected: "mapping start", .. } => "expected a mapping".into(),
            Error::Unexpected { expected: "string scalar", .. } => "expected a text".into(),
            Error::InvalidScalar { ty: "i64", .. } => "expected an integer".into(),
            _ => match without_values(&UserMessageFormatter.format_message(error)) {
                // The scanner's text for a list or mapping in brackets that exceeds `flow_nesting_limit`.
                message if message == "recursion limit exceeded" => TOO_DEEP.into(),
                message => message.into(),
            },
        }
    }
}

/// A message without what is in quotation marks.
fn without_values(message: &str) -> String {
    let hide_odd = |(index, part): (usize, &str)| if index % 2 == 0 { part.to_owned() } else { "...".to_owned() };
    message.split('"').enumerate().map(hide_odd).collect::<Vec<_>>().join("\"")
}

#[cfg(test)]
mod tests {
    use super::{limits, read, read_within, without_values};
    use crate::Account;

    fn error(text: &str) -> String {
        read::<Account>(text).unwrap_err()
    }

    #[test]
    fn an_error_says_what_was_expected_and_where() {
        let member = "members: [{email: a@example.com, role: owner}]\n";
        for (text, expected) in [
            ("members: secret", "expected a list at line 1, column 10"),
            ("secret", "expected a mapping at line 1, column 1"),
            ("members: [{email: [secret], role: owner}]", "expected a text at line 1, column 19"),
            ("members: [{role: owner}]", "missing field `email` at line 1, column 12"),
            ("members: [{email: secret, email: secret}]", "duplicate mapping key `email`"),
            (
                "members: []\ntokens: [{name: a, member: a, defaultApiVersion: secret}]",
                "expected an integer at line 2, column 50",
            ),
            (
                "members: []\ntokens: [{name: a, member: a, serviceToken: secret}]",
                "(true or false expected) at line 2, column 45",
            ),
            ("members: [\"secret", "at line 1, column 11"),
        ] {
            let error = error(text);
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("secret"), "{text}: {error}");
        }
        assert!(error(&format!("{member}---\n{member}")).contains("multiple"), "one document only");
        assert_eq!(without_values(r#"invalid type: string "secret", expected a list"#).find("secret"), None);
    }

    #[test]
    fn a_text_that_is_nested_too_deep_is_refused() {
        for part in ["[", "{", "[{", "{a: ", "[[]", "? "] {
            let text = part.repeat(200_000 / part.len());
            let error = read::<serde_json::Value>(&text).unwrap_err();
            assert!(error.contains("nested too deep"), "{part:?}: {error}");
        }
        let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read::<serde_json::Value>(&deep(super::MAX_DEPTH)).is_ok());
        assert!(read::<serde_json::Value>(&deep(super::MAX_DEPTH + 1)).is_err());
    }

    #[test]
    fn aliases_may_not_make_a_text_too_large() {
        let of_size = format!("[&a {}, {}]", "x".repeat(100_000), "*a, ".repeat(700));
        assert!(read::<Vec<String>>(&of_size).unwrap_err().contains("64 MiB"));
        let of_values = format!("[&a [{}], {}]", "1, ".repeat(100), "*a, ".repeat(10));
        assert!(read::<Vec<Vec<u8>>>(&of_values).is_ok());
        let few_values = read_within::<Vec<Vec<u8>>>(limits(1000), &of_values);
        assert!(few_values.unwrap_err().contains("4,000,000 values"));
    }

    #[test]
    fn a_text_longer_than_16_mib_is_refused() {
        let account = "members: [{email: a@example.com, role: owner}]\n#";
        let fill = |size: usize| format!("{account}{}", "x".repeat(size - account.len()));
        assert!(read::<Account>(&fill(super::MAX_SIZE)).is_ok());
        assert_eq!(error(&fill(super::MAX_SIZE + 1)), "it is larger than 16 MiB");
    }

    #[test]
    fn an_account_with_many_aliases_and_brackets_is_accepted() {
        let policy = "[{effect: allow, actions: ['[[['], resources: ['*']}]";
        let roles: String = (0..200).map(|key| format!("  - {{key: r{key}, policy: *p}}\n")).collect();
        let account = format!(
            "members: [{{email: a@example.com, role: owner}}]\ncustomRoles:\n  - {{key: first, policy: &p {policy}}}\n{roles}"
        );
        account.parse::<Account>().unwrap();
    }
}
