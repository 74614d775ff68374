//! The document as judge: parameters and bodies are checked against `openapi.yaml`'s own schemas.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use crate::answer::Refusal;

/// Made from `openapi.yaml` by `cargo xtask generate`.
const DOCUMENT: &str = include_str!("openapi.json");

static JUDGE: LazyLock<Judge> = LazyLock::new(Judge::new);

/// What the document says of each operation: where it is, and what it takes.
struct Judge {
    operations: BTreeMap<String, Rules>,
}

struct Rules {
    /// In capitals.
    method: String,
    /// Below the API's, with parameters in braces.
    path: String,
    parameters: Vec<Parameter>,
    body: Option<Body>,
}

struct Parameter {
    name: String,
    /// What its text is read as: `boolean`, `integer`, or another type, as which the text itself is taken.
    kind: String,
    validator: Validator,
}

/// A body is an array or an object; where it can be either, each has a validator of its own, whose errors say more.
struct Body {
    array: Option<Validator>,
    object: Option<Validator>,
}

/// The names of all operations.
pub(crate) fn operation_ids() -> Vec<&'static str> {
    JUDGE.operations.keys().map(String::as_str).collect()
}

/// All paths, below the API's.
pub(crate) fn paths() -> BTreeSet<&'static str> {
    JUDGE.operations.values().map(|rules| rules.path.as_str()).collect()
}

/// The methods that `path` takes, and the operation that each is.
pub(crate) fn operations_at(path: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let at_path = JUDGE.operations.iter().filter(move |(_, rules)| rules.path == path);
    at_path.map(|(id, rules)| (rules.method.as_str(), id.as_str()))
}

/// Refuses a query of `operation` whose parameters the document does not allow, and reads those that it names.
pub(crate) fn parameters(operation: &str, query: &[(String, String)]) -> Result<BTreeMap<String, Value>, Refusal> {
    let mut read = BTreeMap::new();
    for parameter in JUDGE.operations.get(operation).into_iter().flat_map(|rules| &rules.parameters) {
        let Parameter { name, kind, validator } = parameter;
        let mut values = query.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        let Some(text) = values.next() else { continue };
        if values.next().is_some() {
            return Err(Refusal::invalid_request(format!("{name} is given more than once")));
        }
        let value = typed(kind, text).map_err(|reason| Refusal::invalid_request(format!("{name}: {reason}")))?;
        if let Err(error) = validator.validate(&value) {
            return Err(Refusal::invalid_request(format!("{name}: {error}")));
        }
        read.insert(name.clone(), value);
    }
    Ok(read)
}

/// What the text of a query means. The vendor's server is written in Go, and what Go's `strconv.ParseBool` takes for a truth
/// value is one: the vendor's Python clients send `True`.
fn typed(kind: &str, text: &str) -> Result<Value, String> {
    match (kind, text) {
        ("boolean", "1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true.into()),
        ("boolean", "0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false.into()),
        ("boolean", _) => Err(format!("{text:?} is neither true nor false")),
        ("integer", _) => {
            let number = text.parse::<i64>().map(Value::from);
            number.map_err(|_| format!("{text:?} is not a whole number of 64 bits"))
        }
        _ => Ok(text.into()),
    }
}

/// Reads a body of `operation`, and refuses one that is not [allowed](check_body). Null if it takes none.
pub(crate) fn body(operation: &str, body: &[u8]) -> Result<Value, Refusal> {
    if body_rules_of(operation).is_none() {
        return Ok(Value::Null);
    }
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::invalid_request(format!("Invalid request body: {error}")))?;
    check_body(operation, &body)?;
    Ok(body)
}

fn body_rules_of(operation: &str) -> Option<&'static Body> {
    JUDGE.operations.get(operation)?.body.as_ref()
}

/// Refuses a body of `operation` that the document does not allow, naming the field and what was expected.
pub(crate) fn check_body(operation: &str, body: &Value) -> Result<(), Refusal> {
    let Some(rules) = body_rules_of(operation) else { return Ok(()) };
    let invalid = |reason: String| Refusal::invalid_request(format!("Invalid request body: {reason}"));
    let validator = match (body, &rules.array, &rules.object) {
        (Value::Array(_), Some(array), _) => array,
        (_, Some(array), None) => array,
        (_, _, Some(object)) => object,
        (_, None, None) => return Ok(()),
    };
    validator.validate(body).map_err(|error| {
        let field = error.instance_path().to_string();
        if field.is_empty() { invalid(error.to_string()) } else { invalid(format!("{field}: {error}")) }
    })
}

impl Judge {
    fn new() -> Self {
        let document: Value = serde_json::from_str(DOCUMENT).expect("what xtask made is JSON");
        let mut operations = BTreeMap::new();
        for (path, item) in document["paths"].as_object().expect("the document has paths") {
            for (method, operation) in item.as_object().expect("a path has operations") {
                let Some(id) = operation["operationId"].as_str() else { continue };
                let path_at = format!("/paths/{}", path.replace('~', "~0").replace('/', "~1"));
                let at = format!("{path_at}/{method}");
                let rules = Rules {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    parameters: parameter_rules(&document, &path_at, &at),
                    body: body_rules(&document, &format!("{at}/requestBody/content/application~1json/schema")),
                };
                operations.insert(id.to_owned(), rules);
            }
        }
        Self { operations }
    }
}

/// The query's parameters of the operation at `at`, which come after those of its path, at `path_at`, and beat them.
fn parameter_rules(document: &Value, path_at: &str, at: &str) -> Vec<Parameter> {
    let mut rules = BTreeMap::new();
    for place in [path_at, at].map(|at| format!("{at}/parameters")) {
        let count = document.pointer(&place).and_then(Value::as_array).map_or(0, Vec::len);
        for parameter in (0..count).map(|index| followed(document, &format!("{place}/{index}"))) {
            let text = |field: &str| document.pointer(&format!("{parameter}/{field}")).and_then(Value::as_str);
            if let (Some("query"), Some(name)) = (text("in"), text("name")) {
                let schema = format!("{parameter}/schema");
                let kind = kind(document, &schema).unwrap_or("string").to_owned();
                let validator = validator(document, &schema);
                rules.insert(name.to_owned(), Parameter { name: name.to_owned(), kind, validator });
            }
        }
    }
    rules.into_values().collect()
}

/// The type that the schema at `pointer` asks for, itself or by one that it is made of.
fn kind<'a>(document: &'a Value, pointer: &str) -> Option<&'a str> {
    let pointer = followed(document, pointer);
    let schema = document.pointer(&pointer)?;
    let parts = |name: &str| schema[name].as_array().map_or(0, Vec::len);
    schema["type"].as_str().or_else(|| {
        let places = ["allOf", "oneOf", "anyOf"].into_iter();
        let mut places = places
            .flat_map(|name| (0..parts(name)).map(move |index| (name, index)))
            .map(|(name, index)| format!("{pointer}/{name}/{index}"));
        places.find_map(|place| kind(document, &place))
    })
}

fn body_rules(document: &Value, schema: &str) -> Option<Body> {
    document.pointer(schema)?;
    let schema = followed(document, schema);
    let variants = document.pointer(&format!("{schema}/oneOf")).and_then(Value::as_array).map_or(0, Vec::len);
    let places = if variants == 0 {
        vec![schema]
    } else {
        (0..variants).map(|index| followed(document, &format!("{schema}/oneOf/{index}"))).collect()
    };
    let of_type = |kind: &str| {
        let place = places.iter().find(|place| document.pointer(place).is_some_and(|schema| schema["type"] == kind))?;
        Some(validator(document, place))
    };
    Some(Body { array: of_type("array"), object: of_type("object") })
}

/// Where what stands at `pointer` really stands.
fn followed(document: &Value, pointer: &str) -> String {
    let reference = document.pointer(pointer).and_then(|value| value["$ref"].as_str());
    reference.map_or_else(|| pointer.to_owned(), |reference| followed(document, reference.trim_start_matches('#')))
}

fn validator(document: &Value, pointer: &str) -> Validator {
    let reference = format!("#{}", pointer.replace('{', "%7B").replace('}', "%7D"));
    let schema = json!({ "$ref": reference, "components": document["components"], "paths": document["paths"] });
    let options = jsonschema::options().with_draft(Draft::Draft202012);
    options.build(&schema).expect("the document's schemas are those that xtask's lint found to be fine")
}

#[cfg(test)]
mod tests {
    use super::{body, parameter_rules, parameters};
    use serde_json::json;

    fn refusal(result: Result<impl Sized, crate::answer::Refusal>) -> String {
        result.err().map(|refusal| refusal.message).unwrap_or_default()
    }

    #[test]
    fn a_field_is_named_with_what_was_expected() {
        for (text, words) in [
            (r#"{"role": "owner"}"#, "/role: \"owner\" is not one of"),
            (r#"{"name": 1}"#, "/name: 1 is not of type \"string\""),
            (r#"{"inlineRole": [{"actions": ["*"]}]}"#, "/inlineRole/0: \"effect\" is a required property"),
            ("[]", "[] is not of type \"object\""),
            ("{", "EOF"),
        ] {
            let message = refusal(body("postToken", text.as_bytes()));
            assert!(message.contains(words), "{text}: {message}");
        }
        for (text, words) in [
            (r#"[{"op": "rename", "path": "/name"}]"#, "/0/op: \"rename\" is not one of"),
            (r#"{"patch": [{"op": "add"}]}"#, "/patch/0: \"path\" is a required property"),
            (r#"{"comment": 1, "patch": []}"#, "/comment"),
            ("1", "is not of type"),
        ] {
            let message = refusal(body("patchToken", text.as_bytes()));
            assert!(message.contains(words), "{text}: {message}");
        }
    }

    #[test]
    fn parameters_are_read_as_the_document_types_them() {
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
            assert!(refusal(parameters("getTokens", &query(name, value))).starts_with(name), "{name}={value}");
        }
        let twice = [query("limit", "1"), query("limit", "2")].concat();
        assert!(refusal(parameters("getTokens", &twice)).contains("more than once"));
    }

    #[test]
    fn parameters_are_found_by_reference_and_on_the_path_too() {
        let document = json!({
            "paths": {"/a": {
                "parameters": [{"$ref": "#/components/parameters/one"}, {"in": "query", "name": "two", "schema": {"type": "string"}}],
                "get": {"parameters": [
                    {"in": "query", "name": "two", "schema": {"allOf": [{"$ref": "#/components/schemas/Number"}, {"minimum": 0}]}},
                    {"in": "header", "name": "three", "schema": {"type": "string"}},
                ]},
            }},
            "components": {
                "parameters": {"one": {"in": "query", "name": "one", "schema": {"$ref": "#/components/schemas/Again"}}},
                "schemas": {"Again": {"$ref": "#/components/schemas/Number"}, "Number": {"type": "integer"}},
            },
        });
        let rules = parameter_rules(&document, "/paths/~1a", "/paths/~1a/get");
        let found: Vec<_> = rules.iter().map(|rule| (rule.name.as_str(), rule.kind.as_str())).collect();
        assert_eq!(found, [("one", "integer"), ("two", "integer")]);
        assert!(!rules[1].validator.is_valid(&json!(-1)) && rules[1].validator.is_valid(&json!(1)));
    }
}
