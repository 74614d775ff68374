//! The options for a token's permissions.

use clap::{Args, ValueHint};
use ldtokens::{BaseRole, Permissions, Policy};

use serde_json::Value;

use crate::arguments::some_text;
use crate::files::text;
use crate::nearest::did_you_mean;
use crate::terminal::failure::Failure;
use crate::terminal::output::field::roles;

const POLICY: &str = r#"File with an inline policy, a JSON array of statements; - reads standard input. For example:
[{"effect": "allow", "actions": ["updateOn"], "resources": ["proj/*:env/test:flag/*"]},
 {"effect": "deny", "notActions": ["viewProject"], "resources": ["proj/payments"]}]"#;

/// The permissions of a token. Only one of these can be given.
#[derive(Args, Clone, Debug)]
#[group(id = "permissions", multiple = false)]
pub(crate) struct PermissionArgs {
    /// Base role
    #[arg(long, value_name = "ROLE", value_parser = roles().to_vec())]
    role: Option<String>,

    /// Custom role, by key or ID. Can be repeated, or several separated by commas
    #[arg(long, value_name = "KEY", value_delimiter = ',', value_parser = some_text)]
    custom_role: Vec<String>,

    /// File with an inline policy, a JSON array of statements; - reads standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = some_text, allow_hyphen_values = true,
        long_help = POLICY)]
    policy: Option<String>,
}

impl PermissionArgs {
    /// The permissions that were given, if any were.
    pub(crate) fn read(&self) -> Result<Option<Permissions>, Failure> {
        if let Some(role) = &self.role {
            let role = BaseRole::from(role.as_str());
            if matches!(role, BaseRole::Other(_)) {
                return Err(Failure::usage("--role: unknown base role"));
            }
            return Ok(Some(role.into()));
        }
        if !self.custom_role.is_empty() {
            return Ok(Some(Permissions::custom_roles(self.custom_role.iter().map(|key| key.trim().to_owned()))));
        }
        let Some(file) = &self.policy else { return Ok(None) };
        let unusable = |reason: String| Failure::usage(format!("--policy {file}: {reason}"));
        let text = match file.as_str() {
            "-" => text::of_stdin("the policy")?,
            file => text::of_file(file.as_ref(), u64::MAX).map_err(unusable)?,
        };
        Ok(Some(policy(&text).map_err(unusable)?.into()))
    }
}

/// The keys of a statement, and its effects.
const KEYS: [&str; 5] = ["effect", "actions", "notActions", "resources", "notResources"];
const EFFECTS: [&str; 2] = ["allow", "deny"];

/// Reads a policy. The error names the statement and the key.
fn policy(text: &str) -> Result<Policy, String> {
    let statements = match serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))? {
        Value::Array(statements) => statements,
        _ => return Err("a policy is a JSON array: write each statement between `[` and `]`".to_owned()),
    };
    for (number, statement) in (1..).zip(&statements) {
        let failed = |reason: String| format!("statement {number}: {reason}");
        let Value::Object(keys) = statement else { return Err(failed("it is not a JSON object".to_owned())) };
        if let Some(key) = keys.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let hint = did_you_mean(key, KEYS);
            return Err(failed(format!("there is no key `{key}`{hint} (the keys are {})", KEYS.join(", "))));
        }
        let effect = keys.get("effect").and_then(Value::as_str).unwrap_or_default();
        if !EFFECTS.contains(&effect) {
            let hint = did_you_mean(effect, EFFECTS);
            return Err(failed(format!("`effect` is `allow` or `deny`, not `{effect}`{hint}")));
        }
        Policy::from_json(&Value::from(vec![statement.clone()]).to_string())
            .map_err(|error| failed(error.to_string()))?;
    }
    Policy::from_json(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::policy;

    /// The file that the manual shows.
    #[test]
    fn the_example_of_a_policy_is_one() {
        assert_eq!(policy(include_str!("../../../../docs/policy.json")).unwrap().statements().len(), 2);
    }

    #[test]
    fn a_typo_in_a_policy_is_named_with_its_statement_and_key() {
        let good = r#"{"effect": "allow", "actions": ["*"], "resources": ["proj/*"]}"#;
        for (second, words) in [
            (
                good.replace("resources", "resorces"),
                "statement 2: there is no key `resorces`; did you mean `resources`?",
            ),
            (
                good.replace("allow", "alow"),
                "statement 2: `effect` is `allow` or `deny`, not `alow`; did you mean `allow`?",
            ),
            (good.replace(r#"["*"]"#, "[]"), "statement 2: a statement has either `actions` or `notActions`"),
            (good.replace(r#"["*"]"#, r#""*""#), "statement 2: "),
            ("1".to_owned(), "statement 2: it is not a JSON object"),
            ("{".to_owned(), "not JSON"),
        ] {
            let error = policy(&format!("[{good}, {second}]")).unwrap_err();
            assert!(error.contains(words), "{words} in {error}");
        }
        assert!(policy(good).unwrap_err().contains("between `[` and `]`"));
    }
}
