//! Checks the parameters and the body of a request against `openapi.yaml`.

use std::collections::BTreeMap;

use ldtokens_operations::{BodySpec, OperationSpec, ValueType};
use serde_json::Value;

use crate::response::ApiError;

/// Reads the parameters of the query that the operation has. Refuses invalid ones, and ignores others.
pub(crate) fn parameters(id: &str, query: &[(String, String)]) -> Result<BTreeMap<String, Value>, ApiError> {
    let mut read = BTreeMap::new();
    let Some(operation) = OperationSpec::find(id) else { return Ok(read) };
    for parameter in operation.parameters.iter().filter(|parameter| !operation.is_in_path(parameter.name)) {
        let name = parameter.name;
        let invalid = |reason: String| ApiError::invalid_request(format!("{name}: {reason}"));
        let mut values = query.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        let Some(text) = values.next() else {
            if parameter.required {
                return Err(invalid("this parameter is required".to_owned()));
            }
            continue;
        };
        if values.next().is_some() {
            return Err(invalid("this parameter can be given only once".to_owned()));
        }
        let value = convert(&parameter.value_type, text).map_err(invalid)?;
        parameter.value_type.check(&value).map_err(|error| invalid(error.to_string()))?;
        read.insert(name.to_owned(), value);
    }
    Ok(read)
}

/// Converts the text of a parameter to its type. A boolean is whatever Go's `strconv.ParseBool` accepts, since the vendor's
/// server is written in Go; the vendor's Python clients send `True`.
fn convert(value_type: &ValueType, text: &str) -> Result<Value, String> {
    match (value_type, text) {
        (ValueType::Boolean, "1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true.into()),
        (ValueType::Boolean, "0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false.into()),
        (ValueType::Boolean, _) => Err(format!("{text:?} is not true or false")),
        (ValueType::Integer { .. } | ValueType::Time, _) => {
            let number = text.parse::<i64>().map(Value::from);
            number.map_err(|_| format!("{text:?} is not a 64-bit integer"))
        }
        _ => Ok(text.into()),
    }
}

/// Reads the body of a request, and refuses an invalid one. Returns null if the operation has no body.
pub(crate) fn body(id: &str, body: &[u8]) -> Result<Value, ApiError> {
    let Some(spec) = body_of(id) else { return Ok(Value::Null) };
    let body: Value = serde_json::from_slice(body).map_err(ApiError::invalid_body)?;
    spec.value_type.check(&body).map_err(ApiError::invalid_body)?;
    Ok(body)
}

/// Refuses an invalid body.
pub(crate) fn check_body(id: &str, body: &Value) -> Result<(), ApiError> {
    body_of(id).map_or(Ok(()), |spec| spec.value_type.check(body).map_err(ApiError::invalid_body))
}

/// Whether the body has properties that the operation does not have. The API ignores them, so a misspelled one does nothing.
pub(crate) fn has_unknown_properties(id: &str, body: &Value) -> bool {
    fn is_unknown(value_type: &ValueType, value: &Value) -> bool {
        match (value_type, value) {
            (ValueType::Array(item), Value::Array(items)) => items.iter().any(|value| is_unknown(item, value)),
            (ValueType::AnyOf(types), value) => {
                types.iter().find(|known| known.check(value).is_ok()).is_some_and(|known| is_unknown(known, value))
            }
            (ValueType::Object(properties), Value::Object(object)) => object.iter().any(|(name, value)| {
                let property = properties.iter().find(|property| property.name == name);
                property.is_none_or(|property| is_unknown(&property.value_type, value))
            }),
            _ => false,
        }
    }
    body_of(id).is_some_and(|spec| is_unknown(&spec.value_type, body))
}

fn body_of(id: &str) -> Option<&'static BodySpec> {
    OperationSpec::find(id)?.body.as_ref()
}

#[cfg(test)]
mod tests {
    use super::{body, parameters};
    use serde_json::json;

    fn error(result: Result<impl Sized, crate::response::ApiError>) -> String {
        result.err().map(|error| error.message.into_owned()).unwrap_or_default()
    }

    #[test]
    fn an_invalid_field_is_named_with_what_was_expected() {
        for (text, words) in [
            (r#"{"role": "owner"}"#, "/role: expected one of reader, writer, admin"),
            (r#"{"inlineRole": [{"actions": ["*"]}]}"#, "/inlineRole/0: effect is required"),
            ("[]", "expected a JSON object"),
            ("{", "EOF"),
        ] {
            let message = error(body("postToken", text.as_bytes()));
            assert!(message.contains(words), "{text}: {message}");
        }
        assert!(body("getToken", b"{").unwrap().is_null(), "an operation without a body ignores it");
    }

    #[test]
    fn parameters_are_converted_to_their_types() {
        let query = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        assert_eq!(parameters("getTokens", &query("limit", "5")).unwrap()["limit"], json!(5));
        // Fact 3: as Go's strconv.ParseBool reads them.
        for (texts, meant) in [("1 t T TRUE true True", true), ("0 f F FALSE false False", false)] {
            for text in texts.split(' ') {
                let read = parameters("getTokens", &query("showAll", text)).unwrap();
                assert_eq!(read["showAll"], json!(meant), "{text}");
            }
        }
        for (name, value) in [
            ("limit", "0"),
            ("limit", "1.5"),
            ("limit", "99999999999999999999"),
            ("limit", "a"),
            ("offset", "-1"),
            ("limit", "1e3"),
            ("limit", " 1"),
            ("showAll", "2"),
            ("showAll", "yes"),
            ("showAll", "tRUE"),
            ("showAll", "null"),
            ("showAll", ""),
        ] {
            assert!(error(parameters("getTokens", &query(name, value))).starts_with(name), "{name}={value}");
        }
        let twice = [query("limit", "1"), query("limit", "2")].concat();
        assert!(error(parameters("getTokens", &twice)).contains("only once"));
    }
}
