//! The options for a token's permissions.

use clap::{Args, ValueHint};
use ldtokens::{BaseRole, Permissions, Policy};
use ldtokens_plan::is_id;
use serde_json::Value;

use crate::account::Session;
use crate::arguments::some_text;
use crate::files::text;
use crate::nearest::did_you_mean;
use crate::terminal::{Failure, roles};

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
            return Ok(Some(BaseRole::from(role.as_str()).into()));
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

/// How a request names custom roles (fact 5).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum RolesBy {
    /// As a create does.
    Key,
    /// As a patch does.
    Id,
}

/// Names the custom roles as the request needs them, as far as they can be read.
pub(crate) async fn with_roles(
    session: &Session,
    permissions: Permissions,
    by: RolesBy,
) -> Result<Permissions, Failure> {
    match &permissions {
        Permissions::CustomRoles(names) if names.iter().any(|name| is_id(name) == (by == RolesBy::Key)) => {
            let roles = session.custom_roles().await?;
            let named = names.iter().map(|name| if by == RolesBy::Key { roles.key(name) } else { roles.id(name) });
            Ok(Permissions::custom_roles(named))
        }
        _ => Ok(permissions),
    }
}

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
        if let Some((key, _)) = keys.iter().find(|(key, value)| *key != "effect" && !value.is_array()) {
            return Err(failed(format!("`{key}` is a list, as in \"{key}\": [\"...\"]")));
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
#[path = "../../tests/unit/permissions.rs"]
mod tests;
