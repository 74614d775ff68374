//! The table of operations: their names, parameters and bodies, and what the document says of each.

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
        use super::{BodySpec, OperationSpec, ParameterSpec, ValueType};

        /// All operations, in the order of `openapi.yaml`.
        pub static OPERATIONS: &[OperationSpec] = &[#(#operations),*];

        /// The properties of a token.
        pub static TOKEN: &[ParameterSpec] = &[#(#token),*];
    })
}

struct Document<'a>(&'a Value);

impl Document<'_> {
    fn operation(&self, method: &str, path: &str, item: &Value, operation: &Value) -> Result<TokenStream> {
        let text = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default();
        let id = text("operationId");
        let (summary, description) = (text("summary"), text("description"));
        let mut parameters = Vec::new();
        for parameter in self.parameters(item, operation)? {
            let name = parameter["name"].as_str().with_context(|| format!("{id} has a parameter without a name"))?;
            let required = parameter.get("required").and_then(Value::as_bool).unwrap_or(false);
            parameters.push(self.parameter(name, required, &parameter["schema"], parameter)?);
        }
        let body = match operation.get("requestBody") {
            None => quote!(None),
            Some(body) => self.body(self.resolve(body)?)?,
        };
        let mut responses = Vec::new();
        for (status, response) in operation.get("responses").and_then(Value::as_object).into_iter().flatten() {
            let meaning = self.resolve(response)?.get("description").and_then(Value::as_str).unwrap_or_default();
            let meaning = meaning.split_whitespace().collect::<Vec<_>>().join(" ");
            responses.push(quote!((#status, #meaning)));
        }
        let method = method.to_uppercase();
        Ok(quote! {
            OperationSpec {
                id: #id, method: #method, path: #path, summary: #summary, description: #description,
                parameters: &[#(#parameters),*], body: #body, responses: &[#(#responses),*],
            }
        })
    }

    /// The parameters in the path and in the query: those of the path item, unless the operation has one of the same name and
    /// place.
    fn parameters<'a>(&'a self, item: &'a Value, operation: &'a Value) -> Result<Vec<&'a Value>> {
        let mut parameters: Vec<&Value> = Vec::new();
        let listed = [item, operation].into_iter().filter_map(|owner| owner.get("parameters")?.as_array());
        for parameter in listed.flatten() {
            let parameter = self.resolve(parameter)?;
            let is_same = |other: &&Value| other["name"] == parameter["name"] && other["in"] == parameter["in"];
            if !matches!(parameter["in"].as_str(), Some("path" | "query")) {
                continue;
            }
            match parameters.iter_mut().find(|other| is_same(other)) {
                Some(other) => *other = parameter,
                None => parameters.push(parameter),
            }
        }
        Ok(parameters)
    }

    /// `described` has the description and the example: the parameter, or the schema itself.
    fn parameter(&self, name: &str, required: bool, schema: &Value, described: &Value) -> Result<TokenStream> {
        let value_type = self.value_type(schema)?;
        let description = described.get("description").and_then(Value::as_str).unwrap_or_default();
        let example = json(described.get("example"))?;
        Ok(quote! {
            ParameterSpec { name: #name, required: #required, value_type: #value_type, description: #description, example: #example }
        })
    }

    fn body(&self, body: &Value) -> Result<TokenStream> {
        let description = body.get("description").and_then(Value::as_str).unwrap_or_default();
        let schema = &body["content"]["application/json"]["schema"];
        let value_type = self.value_type(schema)?;
        let example = json(self.resolve(schema)?.get("example"))?;
        Ok(quote! {
            Some(BodySpec { description: #description, value_type: #value_type, example: #example })
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

    fn value_type(&self, schema: &Value) -> Result<TokenStream> {
        // A reference with a description of its own.
        let schema = match schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
            Some([only]) => only,
            _ => schema,
        };
        if schema.get("$ref").is_some_and(|reference| reference == "#/components/schemas/UnixMillis") {
            return Ok(quote!(ValueType::Time));
        }
        let schema = self.resolve(schema)?;
        let values = schema.get("enum").and_then(Value::as_array);
        if let Some(types) = schema.get("oneOf").and_then(Value::as_array) {
            let types = types.iter().map(|schema| self.value_type(schema)).collect::<Result<Vec<_>>>()?;
            return Ok(quote!(ValueType::AnyOf(&[#(#types),*])));
        }
        Ok(match (schema.get("type").and_then(Value::as_str), values) {
            (Some("boolean"), _) => quote!(ValueType::Boolean),
            (Some("integer"), _) => {
                let minimum = match schema.get("minimum").and_then(Value::as_i64) {
                    Some(minimum) => quote!(#minimum),
                    None => quote!(i64::MIN),
                };
                quote!(ValueType::Integer { minimum: #minimum })
            }
            (Some("string"), Some(values)) => {
                let values = values.iter().filter_map(Value::as_str);
                quote!(ValueType::OneOf(&[#(#values),*]))
            }
            (Some("string"), None) => quote!(ValueType::Text),
            (Some("array"), _) => {
                let item = self.value_type(&schema["items"])?;
                quote!(ValueType::Array(&#item))
            }
            (Some("object"), _) => {
                let properties = self.properties(schema)?;
                quote!(ValueType::Object(&[#(#properties),*]))
            }
            _ => quote!(ValueType::Any),
        })
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> Result<&'a Value> {
        resolved(self.0, value).with_context(|| format!("a reference leads nowhere: {value}"))
    }
}

fn json(example: Option<&Value>) -> Result<String> {
    Ok(example.map(serde_json::to_string).transpose()?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::Document;
    use serde_json::json;

    #[test]
    fn parameters_are_found_by_reference_and_on_the_path_and_the_operations_own_win() {
        let document = json!({
            "paths": {"/a": {
                "parameters": [
                    {"$ref": "#/components/parameters/one"},
                    {"in": "query", "name": "two", "schema": {"type": "string"}},
                ],
                "get": {"parameters": [
                    {"in": "query", "name": "two", "schema": {"$ref": "#/components/schemas/Number"}},
                    {"in": "header", "name": "three", "schema": {"type": "string"}},
                ]},
            }},
            "components": {
                "parameters": {"one": {"in": "query", "name": "one", "schema": {"$ref": "#/components/schemas/Again"}}},
                "schemas": {
                    "Again": {"$ref": "#/components/schemas/Number"},
                    "Number": {"type": "integer", "minimum": 3},
                },
            },
        });
        let item = &document["paths"]["/a"];
        let document = Document(&document);
        let parameters = document.parameters(item, &item["get"]).unwrap();
        let names: Vec<_> = parameters.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["one", "two"]);
        for parameter in parameters {
            let value_type = document.value_type(&parameter["schema"]).unwrap().to_string();
            assert_eq!(value_type.replace(' ', ""), "ValueType::Integer{minimum:3i64}");
        }
    }
}
