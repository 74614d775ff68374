//! Checks each response against `openapi.yaml`: its status, body and headers.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::{Draft, Validator};
use reqwest::{Method, Response};
use serde_json::{Value, json};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(include_str!("openapi.json")).unwrap());

/// Checks a response and returns it.
pub async fn checked(method: &Method, path: &str, response: Response) -> Response {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.unwrap();
    if let Some(operation) = operation(method, path) {
        let at = format!("{operation}/responses/{}", status.as_u16());
        let declared = DOCUMENT.pointer(&at).unwrap_or_else(|| panic!("{method} {path} answered {status}, undeclared"));
        let at = declared["$ref"].as_str().map_or(at, |reference| reference.trim_start_matches('#').to_owned());
        match DOCUMENT.pointer(&format!("{at}/content/application~1json/schema")) {
            None => assert!(body.is_empty(), "{method} {path} answered {status} with a body"),
            Some(_) => {
                assert_eq!(headers["content-type"], "application/json");
                let body = serde_json::from_slice(&body).unwrap();
                valid(&format!("{at}/content/application~1json/schema"), &body);
            }
        }
        for name in DOCUMENT.pointer(&format!("{at}/headers")).and_then(Value::as_object).unwrap().keys() {
            if let Some(value) = headers.get(name) {
                let value = serde_json::from_str(value.to_str().unwrap()).unwrap();
                valid(&format!("/components/headers/{name}/schema"), &value);
            }
        }
    }
    let mut answer = http::Response::new(body);
    (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
    answer.into()
}

/// The JSON Pointer to the request's operation, if it is one of the document.
fn operation(method: &Method, path: &str) -> Option<String> {
    let path = path.split('?').next().unwrap();
    let parts: Vec<&str> = path.strip_prefix("/api/v2/")?.split('/').collect();
    let path = match parts.as_slice() {
        ["tokens"] => "~1tokens",
        ["tokens", id] if !id.is_empty() => "~1tokens~1{tokenId}",
        ["tokens", _, "reset"] => "~1tokens~1{tokenId}~1reset",
        _ => return None,
    };
    let pointer = format!("/paths/{path}/{}", method.as_str().to_lowercase());
    DOCUMENT.pointer(&pointer).map(|_| pointer)
}

/// The validators by the JSON Pointer to their schema.
static VALIDATORS: Mutex<BTreeMap<String, Arc<Validator>>> = Mutex::new(BTreeMap::new());

fn valid(schema: &str, value: &Value) {
    let made = || {
        let reference = format!("#{}", schema.replace('{', "%7B").replace('}', "%7D"));
        let root = json!({ "$ref": reference, "components": DOCUMENT["components"], "paths": DOCUMENT["paths"] });
        Arc::new(jsonschema::options().with_draft(Draft::Draft202012).build(&root).unwrap())
    };
    let validator = VALIDATORS.lock().unwrap().entry(schema.to_owned()).or_insert_with(made).clone();
    if let Err(error) = validator.validate(value) {
        panic!("{value} is not what {schema} says: {error}");
    }
}
