//! Whatever somebody writes into the document: code is generated that compiles, or a line says what is wrong.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::additive::copy_workspace;
use crate::support::{document, folder_with, root};

/// A document that was edited, and how.
struct Edit {
    name: String,
    document: Value,
}

/// Few of the operations and schemas, so that much code can be made of many documents.
fn small() -> Value {
    let mut small = document();
    let paths = small["paths"].as_object_mut().unwrap();
    paths.shift_remove("/tokens/{tokenId}/reset");
    paths["/tokens"].as_object_mut().unwrap().shift_remove("get");
    for method in ["patch", "delete"] {
        paths["/tokens/{tokenId}"].as_object_mut().unwrap().shift_remove(method);
    }
    let schemas = small["components"]["schemas"].as_object_mut().unwrap();
    for name in
        ["Tokens", "PatchDelta", "JsonPatch", "PatchWithComment", "PatchOperation", "Statement", "MemberSummary"]
    {
        schemas.shift_remove(name);
    }
    for (schema, name) in [("Token", "_member"), ("Token", "inlineRole"), ("TokenBody", "inlineRole")] {
        schemas[schema]["properties"].as_object_mut().unwrap().shift_remove(name);
    }
    small["components"]["responses"].as_object_mut().unwrap().retain(|name, _| {
        ["InvalidRequest", "Unauthorized", "Forbidden", "NotFound", "RateLimited"].contains(&name.as_str())
    });
    small
}

/// A schema with words, as far as it has none.
fn with_words(mut schema: Value, example: Value) -> Value {
    if schema.get("$ref").is_none()
        && let Some(object) = schema.as_object_mut()
    {
        object.entry("description").or_insert(json!("Something."));
        object.entry("example").or_insert(example);
    }
    schema
}

fn edit(edits: &mut Vec<Edit>, name: String, change: impl FnOnce(&mut Value)) {
    let mut document = small();
    change(&mut document);
    edits.push(Edit { name, document });
}

const NAMES: [&str; 48] = [
    "id", "fooBar", "foo_bar", "extra", "client", "send", "new", "builder", "self", "Self", "type", "crate", "super",
    "try", "gen", "a-b", "a b", "1st", "_", "__x", "é", "日本", "x/y", "a~b", "a.b", "body", "url", "request",
    "response", "result", "info", "value", "tokenId", "token_id", "from", "default", "into", "Option", "fmt",
    "TokenId", "$x", "@type", "Token", "inner", "async", "expiry", "string", "i64",
];

/// Types, with an example of each.
fn types() -> Vec<(&'static str, Value, Value)> {
    vec![
        ("int32", json!({ "type": "integer", "format": "int32" }), json!(5)),
        ("uint64", json!({ "type": "integer", "format": "uint64" }), json!(5)),
        ("no format", json!({ "type": "integer" }), json!(5)),
        ("minimum 1", json!({ "type": "integer", "format": "int64", "minimum": 1 }), json!(5)),
        ("maximum", json!({ "type": "integer", "maximum": 5 }), json!(5)),
        ("number", json!({ "type": "number" }), json!(0.5)),
        ("float", json!({ "type": "number", "format": "float" }), json!(0.5)),
        ("boolean", json!({ "type": "boolean" }), json!(true)),
        ("nullable", json!({ "type": "string", "nullable": true }), json!("x")),
        ("default", json!({ "type": "string", "default": "x" }), json!("x")),
        ("date", json!({ "type": "string", "format": "date" }), json!("2026-01-01")),
        ("uuid", json!({ "type": "string", "format": "uuid" }), json!("61095542-756d-ba55-1110-ae2100000000")),
        ("password", json!({ "type": "string", "format": "password" }), json!("x")),
        ("pattern", json!({ "type": "string", "pattern": "^x" }), json!("x")),
        ("numbers", json!({ "type": "array", "items": { "type": "integer", "format": "int64" } }), json!([1])),
        (
            "lists",
            json!({ "type": "array", "items": { "type": "array", "items": { "type": "integer" } } }),
            json!([[1]]),
        ),
        ("a list of anything", json!({ "type": "array", "items": {} }), json!([1])),
        ("a list without items", json!({ "type": "array" }), json!([1])),
        ("a set", json!({ "type": "array", "uniqueItems": true, "items": { "type": "string" } }), json!(["x"])),
        ("a list of tokens", json!({ "type": "array", "items": { "$ref": "#/components/schemas/Token" } }), json!([])),
        ("a map", json!({ "type": "object", "additionalProperties": { "type": "string" } }), json!({ "x": "y" })),
        (
            "a map of numbers",
            json!({ "type": "object", "additionalProperties": { "type": "integer" } }),
            json!({ "x": 1 }),
        ),
        (
            "a map of lists",
            json!({ "type": "object", "additionalProperties": { "type": "array", "items": { "type": "integer" } } }),
            json!({ "x": [1] }),
        ),
        ("any map", json!({ "type": "object" }), json!({})),
        (
            "a closed object",
            json!({ "type": "object", "additionalProperties": false, "properties": { "x": { "type": "string" } } }),
            json!({}),
        ),
        (
            "an open object",
            json!({ "type": "object", "additionalProperties": {}, "properties": { "extra": { "type": "string" } } }),
            json!({}),
        ),
        (
            "an object and a map",
            json!({ "type": "object", "additionalProperties": { "type": "integer" }, "properties": { "x": { "type": "string" } } }),
            json!({}),
        ),
        (
            "an object",
            json!({ "type": "object", "required": ["x"], "properties": { "x": { "type": "integer" } } }),
            json!({ "x": 1 }),
        ),
        ("anything", json!({}), json!(1)),
        ("a typo in the type", json!({ "type": "strin" }), json!("x")),
        ("a list of types", json!({ "type": ["string", "null"] }), json!("x")),
        ("an enum", json!({ "type": "string", "enum": ["a", "b"] }), json!("a")),
        ("an enum of one name", json!({ "type": "string", "enum": ["a", "A", "a-"] }), json!("a")),
        ("an enum of signs", json!({ "type": "string", "enum": ["", "-", "1", "+", "日本"] }), json!("1")),
        ("an enum with other", json!({ "type": "string", "enum": ["x", "other"] }), json!("x")),
        ("an enum of numbers", json!({ "type": "integer", "enum": [1, 2] }), json!(1)),
        ("an enum with null", json!({ "type": "string", "nullable": true, "enum": ["x", null] }), json!("x")),
        ("an enum of words of YAML 1.1", json!({ "type": "string", "enum": ["yes", "NO", "on", "n"] }), json!("NO")),
        ("an empty enum", json!({ "type": "string", "enum": [] }), json!("x")),
        ("one of", json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] }), json!("x")),
        ("one of alike", json!({ "oneOf": [{ "type": "string" }, { "type": "string" }] }), json!(null)),
        ("any of", json!({ "anyOf": [{ "$ref": "#/components/schemas/Link" }, { "type": "integer" }] }), json!(1)),
        (
            "all of",
            json!({ "allOf": [{ "$ref": "#/components/schemas/Link" }, { "$ref": "#/components/schemas/ErrorRep" }] }),
            json!({}),
        ),
        ("all of strangers", json!({ "allOf": [{ "type": "string" }, { "type": "integer" }] }), json!("x")),
        ("not", json!({ "not": { "type": "string" } }), json!(1)),
        ("not beside a type", json!({ "type": "string", "not": { "enum": ["x"] } }), json!("y")),
        ("a token", json!({ "$ref": "#/components/schemas/Token" }), json!(null)),
        ("nobody", json!({ "$ref": "#/components/schemas/Nobody" }), json!(null)),
        ("a response", json!({ "$ref": "#/components/responses/NotFound" }), json!(null)),
        (
            "a discriminator",
            json!({ "oneOf": [{ "$ref": "#/components/schemas/Link" }], "discriminator": { "propertyName": "type" } }),
            json!({}),
        ),
        ("text", json!("string"), json!(null)),
        ("null", json!(null), json!(null)),
    ]
}

/// Each edit of the table.
fn table() -> Vec<Edit> {
    let mut edits = Vec::new();
    let text = with_words(json!({ "type": "string" }), json!("x"));
    for name in NAMES {
        edit(&mut edits, format!("a property {name}"), |it| {
            it["components"]["schemas"]["Token"]["properties"][name] = text.clone();
            it["components"]["schemas"]["Token"]["properties"]["foo-bar"] = text.clone();
        });
        edit(&mut edits, format!("a parameter {name}"), |it| {
            it["paths"]["/tokens"]["post"]["parameters"] = json!([{
                "name": name, "in": "query", "description": "d", "schema": { "type": "boolean" }, "example": true,
            }]);
        });
        edit(&mut edits, format!("an operation {name}"), |it| {
            it["paths"]["/tokens"]["post"]["operationId"] = json!(name)
        });
        let pascal: String = name.chars().take(1).flat_map(char::to_uppercase).chain(name.chars().skip(1)).collect();
        edit(&mut edits, format!("a schema {pascal}"), |it| {
            it["components"]["schemas"][&pascal] = with_words(json!({ "type": "object" }), json!({}));
            it["components"]["schemas"]["Token"]["properties"]["hint"] =
                json!({ "$ref": format!("#/components/schemas/{pascal}") });
        });
    }
    for name in [
        "String",
        "Result",
        "Default",
        "Vec",
        "Box",
        "Ok",
        "Some",
        "None",
        "Clone",
        "Debug",
        "From",
        "Error",
        "TokenHint",
        "Builder",
        "Types",
    ] {
        edit(&mut edits, format!("a schema {name}"), |it| {
            it["components"]["schemas"][name] =
                with_words(json!({ "type": "object", "properties": { "a": text } }), json!({}));
            it["components"]["schemas"]["Token"]["properties"]["hint"] =
                with_words(json!({ "type": "object", "properties": { "b": text } }), json!({}));
        });
    }
    for (name, own, example) in types() {
        for required in [false, true] {
            edit(&mut edits, format!("a property of type {name}, required: {required}"), |it| {
                let schema = &mut it["components"]["schemas"][if required { "ErrorRep" } else { "TokenBody" }];
                schema["properties"]["hint"] = with_words(own.clone(), example.clone());
                if required {
                    schema["required"] = json!(["hint"]);
                }
            });
        }
        edit(&mut edits, format!("a parameter of type {name}"), |it| {
            it["paths"]["/tokens"]["post"]["parameters"] =
                json!([{ "name": "hint", "in": "query", "description": "d", "schema": own, "example": example }]);
        });
        edit(&mut edits, format!("a schema of type {name}"), |it| {
            it["components"]["schemas"]["Hint"] = with_words(own.clone(), example.clone());
            it["components"]["schemas"]["Token"]["properties"]["hint"] = json!({ "$ref": "#/components/schemas/Hint" });
        });
    }
    for method in ["get", "put", "patch", "delete", "head", "options", "trace", "link"] {
        edit(&mut edits, format!("a method {method}"), |it| {
            let mut operation = it["paths"]["/tokens/{tokenId}"]["get"].clone();
            operation["operationId"] = json!("another");
            it["paths"]["/others/{tokenId}"] =
                json!({ "parameters": it["paths"]["/tokens/{tokenId}"]["parameters"], method: operation });
        });
    }
    for path in [
        "/tokens/{id}",
        "/tokens/{tokenId}/{tokenId}",
        "/tokens/x{tokenId}y",
        "/tokens",
        "tokens/{tokenId}",
        "/{tokenId",
        "/a b/{tokenId}",
    ] {
        edit(&mut edits, format!("the path {path}"), |it| {
            let item = it["paths"].as_object_mut().unwrap().shift_remove("/tokens/{tokenId}").unwrap();
            it["paths"][path]["parameters"] = item["parameters"].clone();
            it["paths"][path]["get"] = item["get"].clone();
        });
    }
    for (pointer, value) in [
        ("/paths/~1tokens/post/responses", json!({})),
        ("/paths/~1tokens/post/responses/201/content", json!({})),
        ("/paths/~1tokens/post/responses/201", json!({ "description": "d" })),
        ("/paths/~1tokens/post/responses/204", json!({ "description": "d" })),
        ("/paths/~1tokens/post/responses/2XX", json!({ "description": "d" })),
        ("/paths/~1tokens/post/responses/default", json!({ "description": "d" })),
        ("/paths/~1tokens/post/responses/abc", json!({ "description": "d" })),
        ("/paths/~1tokens/post/responses/302", json!({ "description": "d" })),
        ("/paths/~1tokens/post/requestBody/content", json!({ "application/json; charset=utf-8": { "schema": {} } })),
        ("/paths/~1tokens/post/requestBody/content", json!({ "text/plain": {} })),
        ("/paths/~1tokens/post/requestBody/content/application~1json/schema", json!({})),
        ("/paths/~1tokens/post/requestBody/required", json!(false)),
        (
            "/paths/~1tokens/post/parameters",
            json!([{ "name": "x", "in": "header", "description": "d", "schema": { "type": "string" }, "example": "x" }]),
        ),
        (
            "/paths/~1tokens/post/parameters",
            json!([{ "name": "x", "in": "query", "explode": false, "description": "d", "schema": { "type": "array", "items": { "type": "string" } }, "example": ["x"] }]),
        ),
        (
            "/paths/~1tokens/post/parameters",
            json!([{ "name": "x", "in": "query", "style": "deepObject", "description": "d", "schema": { "type": "object" }, "example": {} }]),
        ),
        (
            "/paths/~1tokens/post/parameters",
            json!([{ "name": "x", "in": "query", "description": "d", "content": { "application/json": { "schema": {} } }, "example": 1 }]),
        ),
        ("/paths/~1tokens/post/parameters", json!({})),
        ("/components/parameters/tokenId/required", json!(false)),
        ("/components/parameters/tokenId/in", json!("query")),
        ("/components/parameters/tokenId/schema", json!({ "type": "integer" })),
        ("/components/schemas/Token/properties/expiry/x-zero-is-absent", json!(false)),
        ("/components/schemas/Token/properties/name/x-zero-is-absent", json!(true)),
        ("/components/schemas/Token/required", json!(["_id", "nobody"])),
        ("/components/schemas/Token/required", json!(true)),
        ("/components/schemas/Token/additionalProperties", json!(false)),
        ("/components/schemas/Token/additionalProperties", json!({ "type": "string" })),
        ("/components/schemas/Token/allOf", json!([{ "$ref": "#/components/schemas/Token" }])),
        (
            "/components/schemas/Token/properties/twice",
            json!({ "type": "object", "description": "d", "example": {}, "properties": { "a": { "$ref": "#/components/schemas/Token" }, "b": { "$ref": "#/components/schemas/Token" } } }),
        ),
        ("/components/schemas/Role", json!({ "type": "integer", "description": "d", "example": 1 })),
        ("/components/schemas/UnixMillis", json!({ "type": "string", "description": "d", "example": "x" })),
        ("/components/schemas/TokenId", json!({ "oneOf": [{ "type": "string" }], "description": "d", "example": "x" })),
        ("/components", json!({})),
        ("/paths", json!({})),
        ("/openapi", json!("3.1.0")),
        ("/info", json!({})),
        ("/servers", json!([])),
        ("/security", json!([])),
    ] {
        edit(&mut edits, format!("{value} at {pointer}"), |it| put(it, pointer, value));
    }
    edits
}

fn put(document: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(parent).unwrap()[name.replace("~1", "/")] = value;
}

/// The pointers of all that is in a value.
fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(object) => {
            object.iter().map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in inner {
        let at = format!("{at}/{name}");
        pointers(value, &at, into);
        into.push(at);
    }
}

/// Edits at random places: something removed, renamed, misspelt, doubled, or something else in its place.
fn random(count: usize, seed: u64) -> Vec<Edit> {
    let (mut random, mut all) = (fastrand::Rng::with_seed(seed), Vec::new());
    pointers(&small(), "", &mut all);
    all.retain(|pointer| !pointer.contains("/example"));
    let mut edits = Vec::new();
    for _ in 0..count {
        let (pointer, other) = (random.choice(&all).unwrap().clone(), random.choice(&all).unwrap().clone());
        let what = random.usize(..5);
        edit(&mut edits, format!("random {what} at {pointer}, with {other}"), |it| {
            let other = it.pointer(&other).unwrap().clone();
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            let name = name.replace("~1", "/").replace("~0", "~");
            match (it.pointer_mut(parent).unwrap(), what) {
                (Value::Object(object), 0) => drop(object.shift_remove(&name)),
                (Value::Object(object), 1) => {
                    let value = object.shift_remove(&name).unwrap();
                    object.insert(format!("{name}{}", random.alphabetic()), value);
                }
                (Value::Object(object), 2) => {
                    let value = object[&name].clone();
                    object.insert(name.to_uppercase(), value);
                }
                (Value::Array(items), 0..=2) => drop(items.remove(name.parse().unwrap())),
                (parent, 3) => {
                    *parent.pointer_mut(&format!("/{}", name.replace('~', "~0").replace('/', "~1"))).unwrap() = other
                }
                (parent, _) => {
                    *parent.pointer_mut(&format!("/{}", name.replace('~', "~0").replace('/', "~1"))).unwrap() =
                        json!(random.i8(..))
                }
            }
        });
    }
    edits
}

/// The code that is generated from each edited document that is accepted. Nothing panics, and each refusal has a line.
fn accepted(edits: &[Edit]) -> Vec<(&str, [String; 3])> {
    let (mut accepted, mut wrong) = (Vec::new(), Vec::new());
    for Edit { name, document } in edits {
        let text = serde_saphyr::to_string(document).unwrap();
        let folder = folder_with(&text);
        match catch_unwind(AssertUnwindSafe(|| xtask::generate(folder.path()))) {
            Err(_) => wrong.push(format!("{name}: it panics")),
            Ok(Ok(())) => {
                let made = ["client/src/generated.rs", "client/src/operation/table.rs", "operations/src/table.rs"]
                    .map(|file| fs::read_to_string(folder.path().join(format!("crates/ldtokens-{file}"))).unwrap());
                accepted.push((name.as_str(), made));
            }
            Ok(Err(error)) => {
                let error = error.to_string();
                if !error.lines().skip(1).all(|line| line.starts_with("  openapi.yaml:"))
                    || !error.contains("\n  openapi.yaml:")
                {
                    wrong.push(format!("{name}: {error}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} of {} are accepted", accepted.len(), edits.len());
    accepted
}

#[test]
fn no_edit_panics_and_each_refusal_names_a_line() {
    let edits: Vec<Edit> = table().into_iter().step_by(19).chain(random(6, fastrand::u64(..))).collect();
    accepted(&edits);
}

/// What the client crate has beside the generated code, for the code of one edit.
const MODULE: &str = "
    mod generated;
    mod operation;
    impl progenitor_client::ClientHooks<crate::SharedTransport> for generated::Client {}
    fn exchange<'a>(client: &'a generated::Client, request: reqwest::Request, operation: &'static str) -> crate::Exchange<'a> {
        use progenitor_client::ClientInfo;
        client.inner().exchange(client.client(), operation.into(), request)
    }
";

#[test]
#[ignore = "generates and checks the code of hundreds of documents, which takes minutes; `.ci/run` does"]
fn each_edit_compiles_or_is_refused_with_a_line() {
    let seed = std::env::var("LDTOKENS_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("LDTOKENS_SEED={seed}");
    let edits: Vec<Edit> = table().into_iter().chain(random(60, seed)).collect();
    assert!(edits.len() >= 300, "{}", edits.len());
    let copy = tempfile::tempdir().unwrap();
    copy_workspace(&root(), copy.path());
    let [client, operations] =
        ["client", "operations"].map(|name| copy.path().join(format!("crates/ldtokens-{name}/src")));
    let operation = fs::read_to_string(client.join("operation.rs")).unwrap();
    let read = |source: &Path| fs::read_to_string(source.join("lib.rs")).unwrap();
    let (mut client_library, mut operations_library) = (read(&client), read(&operations));
    for (number, (name, [generated, routes, table])) in accepted(&edits).into_iter().enumerate() {
        let module = client.join(format!("edit{number}"));
        fs::create_dir_all(module.join("operation")).unwrap();
        let exchange = format!("crate::edit{number}::exchange");
        fs::write(module.join("generated.rs"), generated.replace("crate::transport::exchange", &exchange)).unwrap();
        fs::write(module.join("operation.rs"), &operation).unwrap();
        fs::write(module.join("operation/table.rs"), routes).unwrap();
        fs::write(module.join("mod.rs"), MODULE).unwrap();
        fs::write(operations.join(format!("edit{number}.rs")), table).unwrap();
        for library in [&mut client_library, &mut operations_library] {
            library.push_str(&format!("\n// {}\n#[allow(warnings)]\nmod edit{number};\n", name.escape_debug()));
        }
    }
    fs::write(client.join("lib.rs"), client_library).unwrap();
    fs::write(operations.join("lib.rs"), operations_library).unwrap();
    let mut check = Command::new(env!("CARGO"));
    let packages = ["--package", "ldtokens-client", "--package", "ldtokens-operations"];
    check.args(["check", "--quiet"]).args(packages).current_dir(copy.path());
    let output = check.env("CARGO_TARGET_DIR", root().join("target/additive")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
