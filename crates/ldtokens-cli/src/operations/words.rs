//! The arguments of an operation: parameters, headers and body, checked against the table of operations.

use serde_json::{Map, Value};

use crate::terminal::failure::Failure;
use ldtokens_operations::{OperationSpec, ParameterSpec, ValueType};

/// The parsed arguments of an operation.
#[derive(Debug, Default)]
pub(crate) struct Words {
    parameters: Vec<(&'static str, String)>,
    /// Request headers, given as `Name:value`.
    pub(crate) headers: Vec<(String, String)>,
    /// The request body.
    pub(crate) body: Option<Value>,
}

impl Words {
    /// Parses `words`. `-` reads the body from `stdin`.
    pub(crate) fn read(
        operation: &OperationSpec,
        words: &[String],
        stdin: impl FnOnce() -> Result<String, Failure>,
    ) -> Result<Self, Failure> {
        let mut read = Self::default();
        let mut properties = Map::new();
        let mut from_stdin = false;
        for word in words {
            if word == "-" {
                from_stdin = true;
            } else if let Some((name, value, is_json)) = property(word) {
                let (name, value) = of_body(operation, name, value, is_json)?;
                if properties.insert(name.to_owned(), value).is_some() {
                    return Err(usage(operation, format!("{name} is given twice")));
                }
            } else if let Some((name, value)) = header(word) {
                check_header(operation, name)?;
                read.headers.push((name.to_owned(), value.to_owned()));
            } else if let Some((name, value)) = word.split_once('=') {
                let parameter = find(operation, operation.parameters, name, "parameter")?;
                if read.get(name).is_some() {
                    return Err(usage(operation, format!("{name} is given twice")));
                }
                check(operation, parameter, value)?;
                read.parameters.push((parameter.name, value.to_owned()));
            } else {
                let mut problem =
                    format!("{} is not NAME=VALUE, NAME==TEXT, NAME:=JSON, Header:value or -", printable(word));
                if let Some(first) = operation.parameters.iter().find(|known| known.required) {
                    problem = format!("{problem}; write {}=VALUE", first.name);
                }
                return Err(usage(operation, problem));
            }
        }
        let missing = operation.parameters.iter().find(|known| known.required && read.get(known.name).is_none());
        if let Some(ParameterSpec { name, description, .. }) = missing {
            return Err(usage(operation, format!("{name}= is missing: {description}")));
        }
        read.body = body(operation, properties, from_stdin, stdin)?;
        if let ("postToken", Some(body)) = (operation.id, &read.body) {
            check_permissions(operation, body)?;
        }
        Ok(read)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// All given parameters.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(name, value)| (*name, value.as_str()))
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

/// Splits `name==text` and `name:=json`.
fn property(word: &str) -> Option<(&str, &str, bool)> {
    let at = word.find('=')?;
    if let Some(name) = word[..at].strip_suffix(':') {
        return Some((name, &word[at + 1..], true));
    }
    word[at..].strip_prefix("==").map(|text| (&word[..at], text, false))
}

/// Splits `Name:value`.
fn header(word: &str) -> Option<(&str, &str)> {
    let at = word.find([':', '='])?;
    let value = word[at..].strip_prefix(':')?;
    Some((&word[..at], value.trim_start()))
}

fn check_header(operation: &OperationSpec, name: &str) -> Result<(), Failure> {
    let is_token =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    if !is_token {
        return Err(usage(operation, "an argument with a colon is a header, and this one has an invalid name".into()));
    }
    match name.to_ascii_lowercase().as_str() {
        "authorization" => Err(usage(
            operation,
            "the credential is never an argument, which other users can read: set LD_ACCESS_TOKEN, or use --token-file or \
             --token-command"
                .into(),
        )),
        "host" | "content-length" | "transfer-encoding" | "connection" => {
            Err(usage(operation, format!("the header {name} is set by the connection and can't be given")))
        }
        _ => Ok(()),
    }
}

fn of_body(
    operation: &OperationSpec,
    name: &str,
    value: &str,
    is_json: bool,
) -> Result<(&'static str, Value), Failure> {
    let property = find(operation, body_properties(operation), name, "body property")?;
    let value = if is_json {
        serde_json::from_str(value).map_err(|error| usage(operation, format!("{name}:= needs JSON: {error}")))?
    } else {
        Value::from(value)
    };
    if let Err(error) = property.value_type.check(&value) {
        let word = word_for(operation, name).unwrap_or_default();
        if !error.pointer().is_empty() {
            return Err(usage(operation, format!("{word} {error}")));
        }
        return Err(usage(operation, format!("{word} takes {}: {}", property.value_type, property.description)));
    }
    Ok((property.name, value))
}

fn check(operation: &OperationSpec, parameter: &ParameterSpec, value: &str) -> Result<(), Failure> {
    let fits = match parameter.value_type {
        ValueType::Boolean => value.parse::<bool>().is_ok(),
        ValueType::Time => value.parse::<i64>().is_ok(),
        ValueType::Integer { minimum } => value.parse::<i64>().is_ok_and(|number| number >= minimum),
        ValueType::OneOf(values) => values.contains(&value),
        _ => true,
    };
    if fits {
        return Ok(());
    }
    let (name, kind) = (parameter.name, parameter.value_type);
    Err(usage(operation, format!("{name}= takes {kind}: {}", parameter.description)))
}

fn body(
    operation: &OperationSpec,
    properties: Map<String, Value>,
    from_stdin: bool,
    stdin: impl FnOnce() -> Result<String, Failure>,
) -> Result<Option<Value>, Failure> {
    let Some(body) = &operation.body else {
        return if from_stdin { Err(usage(operation, "takes no body".to_owned())) } else { Ok(None) };
    };
    if !from_stdin {
        if properties.is_empty() {
            return Err(usage(operation, format!("the body is missing: {}", body.description)));
        }
        return Ok(Some(Value::from(properties)));
    }
    if !properties.is_empty() {
        return Err(usage(operation, "the body is given twice, by arguments and by -".to_owned()));
    }
    let text = stdin()?;
    let json: Value = serde_json::from_str(&text)
        .map_err(|error| usage(operation, format!("the body on standard input is not JSON: {error}")))?;
    if let (Value::Object(given), false) = (&json, body_properties(operation).is_empty()) {
        for name in given.keys() {
            find(operation, body_properties(operation), name, "body property")?;
        }
    }
    Ok(Some(json))
}

/// The properties with a new token's permissions. The API needs exactly one.
const PERMISSIONS: [&str; 3] = ["role", "customRoleIds", "inlineRole"];

fn check_permissions(operation: &OperationSpec, body: &Value) -> Result<(), Failure> {
    let is_given = |name: &&str| match body.get(name) {
        None | Some(Value::Null) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    };
    let given: Vec<&str> = PERMISSIONS.into_iter().filter(is_given).collect();
    match given.len() {
        1 => Ok(()),
        0 => {
            let words: Vec<_> = PERMISSIONS.iter().filter_map(|name| word_for(operation, name)).collect();
            Err(usage(operation, format!("the permissions are missing: give {}", words.join(" or "))))
        }
        _ => Err(usage(
            operation,
            format!("{} can't be used together: a token has only one of them", given.join(" and ")),
        )),
    }
}

fn find(
    operation: &OperationSpec,
    known: &'static [ParameterSpec],
    name: &str,
    what: &str,
) -> Result<&'static ParameterSpec, Failure> {
    known.iter().find(|parameter| parameter.name == name).ok_or_else(|| {
        if let Some(right) = word_for(operation, name) {
            return usage(operation, format!("{name} is written {right}"));
        }
        let names: Vec<_> = known.iter().map(|parameter| parameter.name).collect();
        let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        usage(operation, format!("there is no {what} {} (known: {has})", printable(name)))
    })
}

/// The argument for an error message. A long one is not repeated: it may be a secret.
fn printable(word: &str) -> String {
    if word.len() > 24 { format!("an argument of {} bytes", word.len()) } else { format!("`{word}`") }
}

fn usage(operation: &OperationSpec, problem: String) -> Failure {
    Failure::usage(format!("{}: {problem} (see `ldtokens {} -h`)", operation.id, operation.id))
}

#[cfg(test)]
mod tests {
    use super::{Words, property};
    use ldtokens_operations::OperationSpec;

    fn operation(id: &str) -> &'static OperationSpec {
        OperationSpec::find(id).unwrap()
    }

    fn read(id: &str, words: &[&str], stdin: &str) -> Result<Words, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Words::read(operation(id), &words, || Ok(stdin.to_owned())).map_err(|failure| failure.to_string())
    }

    #[test]
    fn two_equals_signs_give_text_and_colon_equals_gives_json() {
        assert_eq!(property("name==a=b"), Some(("name", "a=b", false)));
        assert_eq!(property("serviceToken:=true"), Some(("serviceToken", "true", true)));
        assert_eq!(property("tokenId=1"), None);
        assert_eq!(property("-"), None);
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
