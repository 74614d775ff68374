//! What gives a token its permissions, as flags say it.

use std::fs;

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, ValueHint};
use ldtokens::{BaseRole, Permissions, Policy};

use crate::failure::Failure;
use crate::operations::{Kind, OPERATIONS};
use crate::stdin;

/// Adds `--role`, `--custom-role` and `--policy`, of which one can be given, and must if they are `required`.
pub(crate) fn arguments(command: Command, required: bool) -> Command {
    command
        .arg(Arg::new("role").long("role").value_name("ROLE").value_parser(roles().to_vec()).help("A base role"))
        .arg(
            Arg::new("custom-role")
                .long("custom-role")
                .value_name("KEY")
                .action(ArgAction::Append)
                .help("A custom role, by key or ID. May be given several times"),
        )
        .arg(
            Arg::new("policy")
                .long("policy")
                .value_name("FILE")
                .value_hint(ValueHint::FilePath)
                .help("A policy of its own: a JSON array of statements, or - for standard input"),
        )
        .group(ArgGroup::new("permissions").args(["role", "custom-role", "policy"]).required(required))
}

/// The base roles that the document lets a token have.
pub(crate) fn roles() -> &'static [&'static str] {
    let bodies = OPERATIONS.iter().filter_map(|operation| operation.body.as_ref());
    let mut properties = bodies.flat_map(|body| body.properties);
    match properties.find(|property| property.name == "role").map(|property| property.kind) {
        Some(Kind::OneOf(roles)) => roles,
        _ => &[],
    }
}

/// What was given, if anything was.
pub(crate) fn given(arguments: &ArgMatches) -> Result<Option<Permissions>, Failure> {
    if let Some(role) = arguments.get_one::<String>("role") {
        let role = BaseRole::from(role.as_str());
        if matches!(role, BaseRole::Other(_)) {
            return Err(Failure::usage("--role: there is no such base role"));
        }
        return Ok(Some(role.into()));
    }
    if let Some(keys) = arguments.get_many::<String>("custom-role") {
        return Ok(Some(Permissions::custom_roles(keys.cloned())));
    }
    let Some(file) = arguments.get_one::<String>("policy") else { return Ok(None) };
    let unusable = |reason: String| Failure::usage(format!("--policy {file}: {reason}"));
    let text = match file.as_str() {
        "-" => stdin::text("the policy")?,
        file => fs::read_to_string(file).map_err(|error| unusable(error.to_string()))?,
    };
    let policy = Policy::from_json(&text).map_err(|error| unusable(error.to_string()))?;
    Ok(Some(policy.into()))
}
