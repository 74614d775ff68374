//! The API's operations as commands, under their own names, by the table in `ldtokens_operations`. Code names an operation only
//! for what the table does not describe.

pub(crate) mod input;

use clap::{ArgMatches, Args, FromArgMatches};
use ldtokens::raw::reqwest::Method;
use ldtokens::{DryRun, Error, Secret, TokenId};
use serde::Deserialize;
use serde_json::Value;

use crate::account::{Settings, with_client};
use crate::arguments::{GlobalArgs, SecretArgs};
use crate::files::text;
use crate::operations::input::Input;
use crate::terminal::{Failure, Format, output};
use crate::verbs::deliver::{Places, PreparedDelivery, to_get_another};
use ldtokens_operations::OperationSpec;

/// The arguments of an operation. One that gives a secret has those of `SecretArgs` too.
#[derive(Args, Debug)]
pub(crate) struct OperationArgs {
    /// Parameters; the body as NAME==TEXT, NAME:=JSON, or - for JSON on standard input; headers as Name:value
    #[arg(value_name = "NAME=VALUE", num_args(0..))]
    words: Vec<String>,
}

pub(crate) async fn run(operation: &OperationSpec, global: &GlobalArgs, arguments: &ArgMatches) -> Result<(), Failure> {
    let parsed = "clap has parsed them";
    let words = OperationArgs::from_arg_matches(arguments).expect(parsed).words;
    let input = Input::read(operation, &words, || text::of_stdin("the body"))?;
    let format = global.format()?;
    let (mut path, mut id) = (operation.path.to_owned(), None);
    for (name, value) in input.parameters.iter().filter(|(name, _)| operation.is_in_path(name)) {
        let value = TokenId::new(value)?;
        path = path.replace(&format!("{{{name}}}"), &value.to_path_segment());
        id = Some(value);
    }
    if let ("patchToken", Some(body)) = (operation.id, &input.body) {
        check_patch(body)?;
    }
    let method: Method = operation.method.parse().expect("the table has valid methods");
    if !method.is_safe() {
        Settings::read(global)?.refuse_conflict()?;
    }
    let secret = gives_secret(operation).then(|| SecretArgs::from_arg_matches(arguments).expect(parsed));
    let places = secret.map(|secret| Places::for_scripts(global, &secret)).transpose()?;

    with_client(global, DryRun::Everything, async |session| {
        let request = session.client.request(operation.id, method, &path);
        let query = input.parameters.iter().filter(|(name, _)| !operation.is_in_path(name));
        let request = query.fold(request, |request, (name, value)| request.query(name, value));
        let mut request = input.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        if let Some(body) = &input.body {
            request = request.json(body);
        }
        let delivery = match places.as_ref().filter(|_| !session.is_dry_run) {
            Some(places) => {
                let mut name = input.body.as_ref().and_then(|body| body.get("name")?.as_str().map(str::to_owned));
                if let Some(id) = id.as_ref().filter(|_| places.needs_name()) {
                    name = session.interrupt.unless(session.client.get(id)).await??.name;
                }
                Some(places.prepare(session, id.as_ref(), name.as_deref()).await?)
            }
            None => None,
        };
        let response = session.interrupt.until_done(request.send()).await??;
        if response.is_empty() {
            return Ok(());
        }
        let response: Value = serde_json::from_slice(&response)
            .map_err(|_| Failure::other(format!("{}: the response is not JSON", operation.id)))?;
        show(operation, response, format, delivery).await
    })
    .await
}

/// Whether the response contains a new secret.
pub(crate) fn gives_secret(operation: &OperationSpec) -> bool {
    matches!(operation.id, "postToken" | "resetToken")
}

/// Prints the response, and delivers a new secret.
async fn show(
    operation: &OperationSpec,
    response: Value,
    format: Format,
    delivery: Option<PreparedDelivery>,
) -> Result<(), Failure> {
    let text = |name: &str| response.get(name).and_then(Value::as_str).map(str::to_owned);
    let (secret, id) = (text("token").filter(|_| gives_secret(operation)), text("_id").unwrap_or_default());
    let (Some(secret), Some(delivery)) = (secret.map(Secret::new), delivery) else {
        return output::response(format, &response).map(|_| ());
    };
    let was = if operation.id == "postToken" { "created" } else { "reset" };
    let done = format!("{}: the token {id} was {was}", operation.id);
    let print = |token: &Value| output::response(format, token);
    delivery.deliver(response, &secret, &done, &to_get_another(id), print).await.map(|_| ())
}

/// Checks a patch (RFC 6902) in one of the API's forms: an array of operations, or `{"comment": ..., "patch": [...]}`.
fn check_patch(body: &Value) -> Result<(), Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Form {
        #[serde(rename = "comment")]
        _comment: Option<String>,
        patch: Vec<Value>,
    }
    let operations = match body {
        Value::Object(_) => Form::deserialize(body).map(|form| form.patch),
        list => Vec::deserialize(list),
    };
    let operations = operations
        .map_err(|error| Error::InvalidInput(format!("a patch is a JSON array of operations, or has one: {error}")))?;
    for (index, operation) in operations.iter().enumerate() {
        json_patch::PatchOperation::deserialize(operation)
            .map_err(|error| Error::InvalidInput(format!("operation {index} of the patch: {error}")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_patch;

    #[test]
    fn valid_patches_are_accepted() {
        let patch = r#"[{"op":"test","path":"/description","value":null},{"from":"/a","op":"move","path":"/b"}]"#;
        for text in [patch, &format!(r#"{{"comment":"why","patch":{patch}}}"#)] {
            check_patch(&serde_json::from_str(text).unwrap()).unwrap();
        }
    }

    #[test]
    fn invalid_patches_are_refused() {
        for text in [
            "\"\"",
            "{}",
            "[1]",
            r#"{"patch": 1}"#,
            r#"{"patch": [], "comment": 1}"#,
            r#"{"patch": [], "commment": "typo"}"#,
            r#"[{"op": "add", "path": "/name"}]"#,
            r#"[{"op": "move", "path": "/name"}]"#,
            r#"[{"op": "rename", "path": "/name", "value": 1}]"#,
            r#"[{"op": "replace", "path": "name", "value": 1}]"#,
        ] {
            assert!(check_patch(&serde_json::from_str(text).unwrap()).is_err(), "{text}");
        }
    }
}
