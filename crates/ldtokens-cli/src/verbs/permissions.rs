//! The options for a token's permissions.

use clap::{Args, ValueHint};
use ldtokens::{BaseRole, Permissions, Policy};

use crate::arguments::some_text;
use crate::files::stdin;
use crate::files::text;
use crate::operations::parameter::roles;
use crate::terminal::failure::Failure;

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
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = some_text, allow_hyphen_values = true)]
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
            "-" => stdin::text("the policy")?,
            file => text::of_file(file.as_ref(), u64::MAX).map_err(unusable)?,
        };
        let policy = Policy::from_json(&text).map_err(|error| unusable(error.to_string()))?;
        Ok(Some(policy.into()))
    }
}
