//! The arguments of an operation: parameters, headers and body, checked against the table of operations.

use ldtokens::raw::http::HeaderName;
use serde_json::{Map, Value};

use crate::terminal::Failure;
use ldtokens_operations::{OperationSpec, ParameterSpec};

/// The parsed arguments of an operation.
#[derive(Debug, Default)]
pub(crate) struct Input {
    pub(crate) parameters: Vec<(&'static str, String)>,
    /// Request headers, given as `Name:value`.
    pub(crate) headers: Vec<(String, String)>,
    /// The request body.
    pub(crate) body: Option<Value>,
}

impl Input {
    /// Parses `words`. `-` reads the body from `stdin`.
    pub(crate) fn read(
        operation: &OperationSpec,
        words: &[String],
        stdin: impl FnOnce() -> Result<String, Failure>,
    ) -> Result<Self, Failure> {
        let usage = |problem| {
            let id = operation.id;
            Failure::usage(format!("{id}: {problem} (see `ldtokens {id} -h`)"))
        };
        let mut read = Self::parse(operation, words).map_err(usage)?;
        if words.iter().any(|word| word == "-") {
            read.body = Some(body(operation, &stdin()?).map_err(usage)?);
        }
        if let ("postToken", Some(body)) = (operation.id, &read.body) {
            check_permissions(operation, body).map_err(usage)?;
        }
        Ok(read)
    }

    /// All but a body from standard input.
    fn parse(operation: &OperationSpec, words: &[String]) -> Result<Self, String> {
        let mut read = Self::default();
        let mut properties = Map::new();
        for word in words.iter().filter(|word| *word != "-") {
            match split(word) {
                Some((name, ":", value)) => {
                    check_header(name)?;
                    read.headers.push((name.to_owned(), value.trim_start().to_owned()));
                }
                Some((name, "=", value)) => {
                    let parameter = find(operation, operation.parameters, name, "parameter")?;
                    let json = match parameter.value_type.is_text() {
                        true => Value::from(value),
                        false => serde_json::from_str(value).unwrap_or_default(),
                    };
                    check(operation, parameter, &json)?;
                    if read.has(name) {
                        return Err(format!("{name} is given twice"));
                    }
                    read.parameters.push((parameter.name, value.to_owned()));
                }
                Some((name, sign, value)) => {
                    let property = find(operation, body_properties(operation), name, "body property")?;
                    let json = match sign {
                        ":=" => serde_json::from_str(value).map_err(|error| format!("{name}:= needs JSON: {error}"))?,
                        _ => Value::from(value),
                    };
                    check(operation, property, &json)?;
                    if properties.insert(name.to_owned(), json).is_some() {
                        return Err(format!("{name} is given twice"));
                    }
                }
                None => {
                    let required = operation.parameters.iter().find(|known| known.required);
                    let hint = required.map_or_else(String::new, |known| format!("; write {}=VALUE", known.name));
                    let word = printable(word);
                    return Err(format!("{word} is not NAME=VALUE, NAME==TEXT, NAME:=JSON, Header:value or -{hint}"));
                }
            }
        }
        let missing = operation.parameters.iter().find(|known| known.required && !read.has(known.name));
        if let Some(ParameterSpec { name, description, .. }) = missing {
            return Err(format!("{name}= is missing: {description}"));
        }
        let from_stdin = words.iter().any(|word| word == "-");
        match (&operation.body, properties.is_empty(), from_stdin) {
            (None, _, true) => return Err("takes no body".to_owned()),
            (Some(body), true, false) => return Err(format!("the body is missing: {}", body.description)),
            (Some(_), false, true) => return Err("the body is given twice, by arguments and by -".to_owned()),
            (Some(_), false, false) => read.body = Some(properties.into()),
            _ => {}
        }
        Ok(read)
    }

    fn has(&self, name: &str) -> bool {
        self.parameters.iter().any(|(known, _)| *known == name)
    }
}

/// The operation's parameters, and how the argument for each begins: `limit=`.
pub(crate) fn parameter_words(operation: &OperationSpec) -> impl Iterator<Item = (&'static ParameterSpec, String)> {
    operation.parameters.iter().map(|parameter| (parameter, format!("{}=", parameter.name)))
}

/// Its body properties, and how the argument for each begins: `name==`, `serviceToken:=`.
pub(crate) fn property_words(operation: &OperationSpec) -> impl Iterator<Item = (&'static ParameterSpec, String)> {
    let properties = body_properties(operation).iter();
    properties.map(|property| {
        (property, format!("{}{}", property.name, if property.value_type.is_text() { "==" } else { ":=" }))
    })
}

fn body_properties(operation: &OperationSpec) -> &'static [ParameterSpec] {
    operation.body.as_ref().map_or(&[], |body| body.value_type.properties())
}

/// How the argument for the parameter or property with this name begins.
fn word_for(operation: &OperationSpec, name: &str) -> Option<String> {
    let mut words = parameter_words(operation).chain(property_words(operation));
    words.find(|(parameter, _)| parameter.name == name).map(|(_, word)| word)
}

/// Splits `name==text`, `name:=json`, `name=value` and `Name:value` into the name, the sign and the rest.
fn split(word: &str) -> Option<(&str, &'static str, &str)> {
    let (name, rest) = word.split_at(word.find([':', '='])?);
    let sign = ["==", ":=", "=", ":"].into_iter().find(|sign| rest.starts_with(sign))?;
    Some((name, sign, &rest[sign.len()..]))
}

fn check_header(name: &str) -> Result<(), String> {
    match name.to_ascii_lowercase().as_str() {
        _ if HeaderName::from_bytes(name.as_bytes()).is_err() => {
            Err("an argument with a colon is a header, and this one has an invalid name".to_owned())
        }
        "authorization" => {
            Err("the credential is never an argument, which other users can read: set LD_ACCESS_TOKEN, or \
            use --token-file or --token-command"
                .to_owned())
        }
        "host" | "content-length" | "transfer-encoding" | "connection" => {
            Err(format!("the header {name} is set by the connection and can't be given"))
        }
        _ => Ok(()),
    }
}

fn check(operation: &OperationSpec, known: &ParameterSpec, value: &Value) -> Result<(), String> {
    known.value_type.check(value).map_err(|error| {
        let word = word_for(operation, known.name).unwrap_or_default();
        match error.pointer().is_empty() {
            true => format!("{word} takes {}: {}", known.value_type, known.description),
            false => format!("{word} {error}"),
        }
    })
}

/// The body that is `text`.
fn body(operation: &OperationSpec, text: &str) -> Result<Value, String> {
    let json =
        serde_json::from_str(text).map_err(|error| format!("the body on standard input is not JSON: {error}"))?;
    let known = body_properties(operation);
    if let (Value::Object(given), false) = (&json, known.is_empty()) {
        given.keys().try_for_each(|name| find(operation, known, name, "body property").map(|_| ()))?;
    }
    Ok(json)
}

/// The properties with a new token's permissions. The API needs exactly one.
const PERMISSIONS: [&str; 3] = ["role", "customRoleIds", "inlineRole"];

fn check_permissions(operation: &OperationSpec, body: &Value) -> Result<(), String> {
    let is_given = |name: &&str| match body.get(name) {
        None | Some(Value::Null) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    };
    match &PERMISSIONS.into_iter().filter(is_given).collect::<Vec<_>>()[..] {
        [_] => Ok(()),
        [] => {
            let words: Vec<_> = PERMISSIONS.iter().filter_map(|name| word_for(operation, name)).collect();
            Err(format!("the permissions are missing: give {}", words.join(" or ")))
        }
        given => Err(format!("{} can't be used together: a token has only one of them", given.join(" and "))),
    }
}

fn find(
    operation: &OperationSpec,
    known: &'static [ParameterSpec],
    name: &str,
    what: &str,
) -> Result<&'static ParameterSpec, String> {
    known.iter().find(|parameter| parameter.name == name).ok_or_else(|| {
        if let Some(right) = word_for(operation, name) {
            return format!("{name} is written {right}");
        }
        let names: Vec<_> = known.iter().map(|parameter| parameter.name).collect();
        let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        format!("there is no {what} {} (known: {has})", printable(name))
    })
}

/// The argument for an error message. A long one is not repeated: it may be a secret.
fn printable(word: &str) -> String {
    if word.len() > 24 { format!("an argument of {} bytes", word.len()) } else { format!("`{word}`") }
}

#[cfg(test)]
mod tests {
    use super::{Input, split};
    use ldtokens_operations::OperationSpec;

    fn operation(id: &str) -> &'static OperationSpec {
        OperationSpec::find(id).unwrap()
    }

    fn read(id: &str, words: &[&str], stdin: &str) -> Result<Input, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Input::read(operation(id), &words, || Ok(stdin.to_owned())).map_err(|failure| failure.to_string())
    }

    #[test]
    fn an_argument_is_split_at_its_first_sign() {
        for (word, parts) in [
            ("name==a=b", Some(("name", "==", "a=b"))),
            ("serviceToken:=true", Some(("serviceToken", ":=", "true"))),
            ("tokenId=a:=b", Some(("tokenId", "=", "a:=b"))),
            ("X-Note: a==b", Some(("X-Note", ":", " a==b"))),
            ("-", None),
        ] {
            assert_eq!(split(word), parts);
        }
    }

    #[test]
    fn arguments_make_a_body() {
        let words = ["name==a:=b", "serviceToken:=true", "customRoleIds:=[\"x\"]"];
        let words = read("postToken", &words, "").unwrap();
        assert_eq!(words.body.unwrap().to_string(), r#"{"name":"a:=b","serviceToken":true,"customRoleIds":["x"]}"#);
    }

    #[test]
    fn an_error_names_the_argument_and_quotes_the_api_document() {
        for (id, words, stdin, problem) in [
            ("getToken", &[][..], "", "tokenId= is missing: The access token ID."),
            ("getToken", &["tokenId=a", "tokenId=b"], "", "tokenId is given twice"),
            ("getToken", &["tokenid=a"], "", "there is no parameter `tokenid` (known: tokenId)"),
            ("getToken", &["tokenId=a", "-"], "{}", "takes no body"),
            ("getToken", &["61095542756dba551110ae21"], "", "write tokenId=VALUE"),
            ("getToken", &["tokenId==a"], "", "tokenId is written tokenId="),
            ("postToken", &["name=a"], "", "name is written name=="),
            ("postToken", &["customRoleIds=a"], "", "customRoleIds is written customRoleIds:="),
            ("getTokens", &["showAll=yes"], "", "showAll= takes true or false"),
            ("getTokens", &["limit=0"], "", "limit= takes a whole number, at least 1"),
            ("postToken", &[], "", "the body is missing"),
            ("postToken", &["role==owner"], "", "role== takes one of reader, writer, admin"),
            ("postToken", &["serviceToken==true"], "", "serviceToken:= takes true or false"),
            ("postToken", &["-"], "{", "is not JSON"),
            ("postToken", &["-"], r#"{"nmae": "x"}"#, "there is no body property `nmae`"),
            ("postToken", &["-", "name==x"], "{}", "given twice"),
            ("postToken", &["name==x"], "", "role== or customRoleIds:= or inlineRole:="),
            ("postToken", &["-"], r#"{"name": "x"}"#, "permissions are missing"),
            ("postToken", &["-"], r#"{"role": null, "customRoleIds": []}"#, "permissions are missing"),
            (
                "postToken",
                &["role==reader", "customRoleIds:=[\"a\"]"],
                "",
                "role and customRoleIds can't be used together",
            ),
        ] {
            let error = read(id, words, stdin).unwrap_err();
            assert!(error.contains(problem), "{id} {words:?}: {error}");
        }
    }
}
