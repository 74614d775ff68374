//! A model of patching, written without the server's code from RFC 6902, fact 6, and the vendor's "Access tokens".

use serde_json::{Map, Value, json};

/// A custom role of the account: requests name it by key or ID, and responses by ID (fact 5).
pub const ROLE: (&str, &str) = ("a", "5f3a0c1e9b7d2a4c6e8f0b1d");

/// The token `shown` after an administrator has sent `body` to `patchToken`, or the status of the error.
pub fn patched(shown: &Value, body: &Value) -> Result<Value, u16> {
    let operations = match body {
        Value::Array(operations) => operations,
        Value::Object(form) if form.get("comment").is_none_or(Value::is_string) => {
            form.get("patch").and_then(Value::as_array).ok_or(400_u16)?
        }
        _ => return Err(400),
    };
    if !operations.iter().all(is_operation) {
        return Err(400);
    }
    let (before, mut token) = (shown, shown.clone());
    operations.iter().try_for_each(|operation| apply(&mut token, operation).ok_or(422_u16))?;
    let changed = token.as_object_mut().ok_or(400_u16)?;
    normalize(changed).ok_or(400_u16)?;
    if let Some(Value::Array(roles)) = changed.get_mut("customRoleIds") {
        roles.iter_mut().filter(|role| **role == ROLE.0).for_each(|role| *role = ROLE.1.into());
    }
    let fixed = |token: &Value| {
        let mut fixed = token.as_object().unwrap().clone();
        for name in ["name", "description", "role", "customRoleIds", "inlineRole", "expiry"] {
            fixed.remove(name);
        }
        fixed
    };
    if fixed(&token) != fixed(before) {
        return Err(400);
    }
    if token != *before {
        // The clock stands still in this test, so each change is a millisecond after the last one.
        let now = crate::support::START;
        token["lastModified"] = json!(now.max(before["lastModified"].as_i64().unwrap() + 1));
    }
    Ok(token)
}

/// Whether `operation` has the members that RFC 6902 requires.
fn is_operation(operation: &Value) -> bool {
    let is_pointer = |name: &str| operation[name].as_str().is_some_and(|pointer| parts(pointer).is_some());
    let more = match operation["op"].as_str() {
        Some("add" | "replace" | "test") => operation.get("value").is_some(),
        Some("move" | "copy") => is_pointer("from"),
        Some("remove") => true,
        _ => false,
    };
    more && is_pointer("path") && operation.get("from").is_none_or(Value::is_string)
}

/// The parts of a JSON Pointer (RFC 6901), if it is one.
fn parts(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let part = |text: &str| {
        let escapes_well = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        escapes_well.then(|| text.replace("~1", "/").replace("~0", "~"))
    };
    pointer.strip_prefix('/')?.split('/').map(part).collect()
}

fn apply(token: &mut Value, operation: &Value) -> Option<()> {
    let path = parts(operation["path"].as_str()?)?;
    match operation["op"].as_str()? {
        "add" => add(token, &path, operation["value"].clone()),
        "remove" => remove(token, &path).map(drop),
        "replace" => {
            // Fact 6: a property that is absent is set.
            if let Some((last, parents)) = path.split_last()
                && let Value::Object(parent) = at(token, parents)?
            {
                parent.insert(last.clone(), operation["value"].clone());
            } else {
                *at(token, &path)? = operation["value"].clone();
            }
            Some(())
        }
        "test" => (*at(token, &path)? == operation["value"]).then_some(()),
        "copy" => {
            let copied = at(token, &parts(operation["from"].as_str()?)?)?.clone();
            add(token, &path, copied)
        }
        "move" => {
            let from = parts(operation["from"].as_str()?)?;
            if path.len() > from.len() && path.starts_with(&from) {
                return None;
            }
            let moved = remove(token, &from)?;
            add(token, &path, moved)
        }
        _ => None,
    }
}

fn at<'a>(value: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |value, part| match value {
        Value::Object(object) => object.get_mut(part),
        Value::Array(array) => array.get_mut(index(part)?),
        _ => None,
    })
}

fn index(part: &str) -> Option<usize> {
    let is_number = part.bytes().all(|digit| digit.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
    is_number.then(|| part.parse().ok())?
}

fn add(value: &mut Value, path: &[String], added: Value) -> Option<()> {
    let Some((last, parents)) = path.split_last() else {
        *value = added;
        return Some(());
    };
    match at(value, parents)? {
        Value::Object(object) => drop(object.insert(last.clone(), added)),
        Value::Array(array) => {
            let place = if last == "-" { array.len() } else { index(last)? };
            (place <= array.len()).then(|| array.insert(place, added))?;
        }
        _ => return None,
    }
    Some(())
}

fn remove(value: &mut Value, path: &[String]) -> Option<Value> {
    let (last, parents) = path.split_last()?;
    match at(value, parents)? {
        Value::Object(object) => object.remove(last),
        Value::Array(array) => index(last).filter(|place| *place < array.len()).map(|place| array.remove(place)),
        _ => None,
    }
}

/// Removes empty lists and unknown properties of statements, as the server does. None if a property has the wrong type, or if
/// there is not exactly one kind of permissions.
fn normalize(token: &mut Map<String, Value>) -> Option<()> {
    let texts = |value: &Value| value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
    let mut kinds = 0;
    for name in ["name", "description"] {
        token.get(name).is_none_or(Value::is_string).then_some(())?;
    }
    if let Some(expiry) = token.get_mut("expiry") {
        // A whole number, which may be written as a float, of milliseconds from 1970 to 9999, but not 0.
        let millis = expiry
            .as_i64()
            .or_else(|| expiry.as_f64().filter(|float| float.fract() == 0.0).map(|float| float as i64))?;
        (1..=253_402_300_799_999).contains(&millis).then_some(())?;
        *expiry = millis.into();
    }
    if let Some(role) = token.get("role") {
        matches!(role.as_str()?, "reader" | "writer" | "admin").then_some(())?;
        kinds += 1;
    }
    if let Some(roles) = token.get("customRoleIds") {
        texts(roles).then_some(())?;
    }
    if let Some(statements) = token.get_mut("inlineRole") {
        for statement in statements.as_array_mut()? {
            let statement = statement.as_object_mut()?;
            matches!(statement.get("effect")?.as_str()?, "allow" | "deny").then_some(())?;
            for [one, other] in [["actions", "notActions"], ["resources", "notResources"]] {
                [one, other].iter().all(|name| statement.get(*name).is_none_or(texts)).then_some(())?;
                statement.retain(|name, value| (name != one && name != other) || *value != json!([]));
                (statement.contains_key(one) != statement.contains_key(other)).then_some(())?;
            }
            statement.retain(|name, _| {
                ["effect", "actions", "notActions", "resources", "notResources"].contains(&name.as_str())
            });
        }
    }
    for name in ["customRoleIds", "inlineRole"] {
        if token.get(name) == Some(&json!([])) {
            token.remove(name);
        }
        kinds += u8::from(token.contains_key(name));
    }
    (kinds == 1).then_some(())
}
