//! The command's table of operations: their names, parameters and bodies, and what the document says of each.

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use crate::api::{METHODS, resolved};

pub(crate) fn tokens(document: &Value) -> Result<TokenStream> {
    let document = Document(document);
    let token = document.properties(&document.0["components"]["schemas"]["Token"])?;
    let mut operations = Vec::new();
    for (path, item) in document.0["paths"].as_object().context("the document has no paths")? {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                operations.push(document.operation(method, path, item, operation)?);
            }
        }
    }
    Ok(quote! {
        //! The API's operations, as `openapi.yaml` describes them.

        /// An operation of the API.
        pub(crate) struct Operation {
            /// Its name.
            pub(crate) id: &'static str,
            /// Its HTTP method.
            pub(crate) method: &'static str,
            /// Its path below the API's, with parameters in braces.
            pub(crate) path: &'static str,
            /// What it does, in a few words.
            pub(crate) summary: &'static str,
            /// What it does.
            pub(crate) description: &'static str,
            /// Its parameters, in the path and in the query.
            pub(crate) parameters: &'static [Parameter],
            /// Its request body, if it takes one.
            pub(crate) body: Option<Body>,
            /// What it can be answered: the status, and what that means.
            pub(crate) answers: &'static [(&'static str, &'static str)],
        }

        /// A parameter of an operation, or a property of its body.
        pub(crate) struct Parameter {
            /// Its name.
            pub(crate) name: &'static str,
            /// Whether it must be given.
            pub(crate) required: bool,
            /// What it can hold.
            pub(crate) kind: Kind,
            /// What it means.
            pub(crate) description: &'static str,
            /// A value it could have, as JSON.
            pub(crate) example: &'static str,
        }

        /// What a parameter can hold.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub(crate) enum Kind {
            /// `true` or `false`.
            Boolean,
            /// A whole number, at least `minimum`.
            Integer {
                /// The least value.
                minimum: i64,
            },
            /// A moment: a Unix time in milliseconds.
            Time,
            /// A text.
            Text,
            /// One of these texts.
            OneOf(&'static [&'static str]),
            /// JSON of another form.
            Json,
        }

        /// A request body.
        pub(crate) struct Body {
            /// What it is.
            pub(crate) description: &'static str,
            /// Its properties. None if it is not an object.
            pub(crate) properties: &'static [Parameter],
            /// A body it could be, as JSON.
            pub(crate) example: &'static str,
        }

        /// All operations, in the document's order.
        pub(crate) static OPERATIONS: &[Operation] = &[#(#operations),*];

        /// The properties of a token.
        pub(crate) static TOKEN: &[Parameter] = &[#(#token),*];
    })
}

struct Document<'a>(&'a Value);

impl Document<'_> {
    fn operation(&self, method: &str, path: &str, item: &Value, operation: &Value) -> Result<TokenStream> {
        let text = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default();
        let id = text("operationId");
        let (summary, description) = (text("summary"), text("description"));
        let mut parameters = Vec::new();
        for owner in [item, operation] {
            for parameter in owner.get("parameters").and_then(Value::as_array).into_iter().flatten() {
                let parameter = self.resolve(parameter)?;
                let name =
                    parameter["name"].as_str().with_context(|| format!("{id} has a parameter without a name"))?;
                let required = parameter.get("required").and_then(Value::as_bool).unwrap_or(false);
                parameters.push(self.parameter(name, required, &parameter["schema"], parameter)?);
            }
        }
        let body = match operation.get("requestBody") {
            None => quote!(None),
            Some(body) => self.body(self.resolve(body)?)?,
        };
        let mut answers = Vec::new();
        for (status, answer) in operation.get("responses").and_then(Value::as_object).into_iter().flatten() {
            let meaning = self.resolve(answer)?.get("description").and_then(Value::as_str).unwrap_or_default();
            let meaning = meaning.split_whitespace().collect::<Vec<_>>().join(" ");
            answers.push(quote!((#status, #meaning)));
        }
        let method = method.to_uppercase();
        Ok(quote! {
            Operation {
                id: #id, method: #method, path: #path, summary: #summary, description: #description,
                parameters: &[#(#parameters),*], body: #body, answers: &[#(#answers),*],
            }
        })
    }

    /// `described` has the description and the example: the parameter, or the schema itself.
    fn parameter(&self, name: &str, required: bool, schema: &Value, described: &Value) -> Result<TokenStream> {
        let kind = self.kind(schema)?;
        let description = described.get("description").and_then(Value::as_str).unwrap_or_default();
        let example = json(described.get("example"))?;
        Ok(quote! {
            Parameter { name: #name, required: #required, kind: #kind, description: #description, example: #example }
        })
    }

    fn body(&self, body: &Value) -> Result<TokenStream> {
        let description = body.get("description").and_then(Value::as_str).unwrap_or_default();
        let schema = self.resolve(&body["content"]["application/json"]["schema"])?;
        let example = json(schema.get("example"))?;
        let properties = self.properties(schema)?;
        Ok(quote! {
            Some(Body { description: #description, properties: &[#(#properties),*], example: #example })
        })
    }

    fn properties(&self, schema: &Value) -> Result<Vec<TokenStream>> {
        let required = schema.get("required").and_then(Value::as_array);
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let property = |(name, property): (&String, &Value)| {
            let required = required.is_some_and(|required| required.contains(&Value::from(name.as_str())));
            self.parameter(name, required, property, self.resolve(property)?)
        };
        properties.map(property).collect()
    }

    fn kind(&self, schema: &Value) -> Result<TokenStream> {
        // A reference with a description of its own.
        let schema = match schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
            Some([only]) => only,
            _ => schema,
        };
        if schema.get("$ref").is_some_and(|reference| reference == "#/components/schemas/UnixMillis") {
            return Ok(quote!(Kind::Time));
        }
        let schema = self.resolve(schema)?;
        let values = schema.get("enum").and_then(Value::as_array);
        Ok(match (schema.get("type").and_then(Value::as_str), values) {
            (Some("boolean"), _) => quote!(Kind::Boolean),
            (Some("integer"), _) => {
                let minimum = schema.get("minimum").and_then(Value::as_i64).unwrap_or(i64::MIN);
                quote!(Kind::Integer { minimum: #minimum })
            }
            (Some("string"), Some(values)) => {
                let values = values.iter().filter_map(Value::as_str);
                quote!(Kind::OneOf(&[#(#values),*]))
            }
            (Some("string"), None) => quote!(Kind::Text),
            _ => quote!(Kind::Json),
        })
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> Result<&'a Value> {
        resolved(self.0, value).with_context(|| format!("a reference leads nowhere: {value}"))
    }
}

fn json(example: Option<&Value>) -> Result<String> {
    Ok(example.map(serde_json::to_string).transpose()?.unwrap_or_default())
}
