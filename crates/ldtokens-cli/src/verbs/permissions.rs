//! What gives a token its permissions, as flags say it.

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, ValueHint};
use ldtokens::{BaseRole, Permissions, Policy};

use crate::arguments::some_text;
use crate::files::stdin;
use crate::files::text;
use crate::terminal::failure::Failure;
use ldtokens_client::operations::{OPERATIONS, ValueType};

/// Adds `--role`, `--custom-role` and `--policy`, of which one can be given, and must if they are `required`.
pub(crate) fn arguments(command: Command, required: bool) -> Command {
    command
        .arg(Arg::new("role").long("role").value_name("ROLE").value_parser(roles().to_vec()).help("Base role"))
        .arg(
            Arg::new("custom-role")
                .long("custom-role")
                .value_name("KEY")
                .action(ArgAction::Append)
                .value_delimiter(',')
                .value_parser(some_text)
                .help("Custom role, by key or ID. Can be repeated, or several separated by commas"),
        )
        .arg(
            Arg::new("policy")
                .long("policy")
                .value_name("FILE")
                .value_hint(ValueHint::FilePath)
                .value_parser(some_text)
                .allow_hyphen_values(true)
                .help("File with an inline policy, a JSON array of statements; - reads standard input"),
        )
        .group(ArgGroup::new("permissions").args(["role", "custom-role", "policy"]).required(required))
}

/// The base roles that the document lets a token have.
pub(crate) fn roles() -> &'static [&'static str] {
    let bodies = OPERATIONS.iter().filter_map(|operation| operation.body.as_ref());
    let mut properties = bodies.flat_map(|body| body.value_type.properties());
    match properties.find(|property| property.name == "role").map(|property| property.value_type) {
        Some(ValueType::OneOf(roles)) => roles,
        _ => &[],
    }
}

/// What was given, if anything was.
pub(crate) fn given(arguments: &ArgMatches) -> Result<Option<Permissions>, Failure> {
    if let Some(role) = arguments.get_one::<String>("role") {
        let role = BaseRole::from(role.as_str());
        if matches!(role, BaseRole::Other(_)) {
            return Err(Failure::usage("--role: unknown base role"));
        }
        return Ok(Some(role.into()));
    }
    if let Some(keys) = arguments.get_many::<String>("custom-role") {
        return Ok(Some(Permissions::custom_roles(keys.map(|key| key.trim().to_owned()))));
    }
    let Some(file) = arguments.get_one::<String>("policy") else { return Ok(None) };
    let unusable = |reason: String| Failure::usage(format!("--policy {file}: {reason}"));
    let text = match file.as_str() {
        "-" => stdin::text("the policy")?,
        file => text::of_file(file.as_ref(), u64::MAX).map_err(unusable)?,
    };
    let policy = Policy::from_json(&text).map_err(|error| unusable(error.to_string()))?;
    Ok(Some(policy.into()))
}
