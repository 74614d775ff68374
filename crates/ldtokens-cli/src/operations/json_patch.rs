//! Checks a patch that is given as JSON, so that an invalid one (RFC 6902) is not sent.

use ldtokens::{Error, PatchOperation, PatchOperationOp};
use serde_json::Value;

/// Checks a patch in one of the API's forms: a JSON array of operations, or `{"comment": ..., "patch": [...]}`.
pub(crate) fn check(body: &Value) -> Result<(), Error> {
    let invalid = |reason: String| Err(Error::InvalidInput(reason));
    let list = match body {
        Value::Object(form) => {
            if let Some(stray) = form.keys().find(|name| !matches!(name.as_str(), "comment" | "patch")) {
                return invalid(format!("a patch has `comment` and `patch`, not `{stray}`"));
            }
            if !matches!(form.get("comment"), None | Some(Value::Null | Value::String(_))) {
                return invalid("the `comment` of a patch is a string".to_owned());
            }
            form.get("patch")
        }
        list => Some(list),
    };
    let Some(Value::Array(operations)) = list else {
        return invalid("a patch is a JSON array of operations".to_owned());
    };
    for (index, operation) in operations.iter().enumerate() {
        check_operation(operation).or_else(|reason| invalid(format!("operation {index} of the patch: {reason}")))?;
    }
    Ok(())
}

/// Checks one operation. The generated type also accepts an unknown `op`.
fn check_operation(json: &Value) -> Result<(), String> {
    let operation: PatchOperation = serde_json::from_value(json.clone()).map_err(|error| error.to_string())?;
    let is_pointer = |text: &str| text.is_empty() || text.starts_with('/');
    let (needs_value, needs_from) = match operation.op {
        PatchOperationOp::Add | PatchOperationOp::Replace | PatchOperationOp::Test => (true, false),
        PatchOperationOp::Move | PatchOperationOp::Copy => (false, true),
        PatchOperationOp::Remove => (false, false),
        _ => return Err(format!("there is no operation `{}`", operation.op)),
    };
    if needs_value && operation.value.is_none() {
        return Err(format!("`{}` needs a `value`", operation.op));
    }
    if needs_from && operation.from.is_none() {
        return Err(format!("`{}` needs a `from`", operation.op));
    }
    if !is_pointer(&operation.path) || !operation.from.as_deref().is_none_or(is_pointer) {
        return Err("a path is a JSON Pointer, which begins with `/`".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn valid_patches_are_accepted() {
        let patch = r#"[{"op":"test","path":"/description","value":null},{"from":"/a","op":"move","path":"/b"}]"#;
        for text in [patch, &format!(r#"{{"comment":"why","patch":{patch}}}"#)] {
            check(&serde_json::from_str(text).unwrap()).unwrap();
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
            assert!(check(&serde_json::from_str(text).unwrap()).is_err(), "{text}");
        }
    }
}
