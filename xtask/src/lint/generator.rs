//! Finds what the generator does not support, or drops without a word.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToLowerCamelCase, ToPascalCase};
use serde_json::Value;

use super::{Found, Problem};
use crate::api::grammar::{GRAMMAR, Part, holds, keywords, walk};
use crate::api::{Document, JSON, Operation, escape, is_default_form, keys, names, text};

/// The problems that the generator would have with a document, as far as they are known without trying.
pub(crate) fn unsupported(document: &Document) -> Vec<Problem> {
    let mut found = Found::default();
    let version = text(&document.0, "openapi");
    let wrong_version = format!("the generator reads OpenAPI 3.0, not {version:?}; write 3.0.3");
    found.when(!version.starts_with("3.0."), "/openapi", wrong_version);
    walk(document, Part::Document, "", &mut |part, at, value| found.anywhere(document, part, at, value));
    for name in document.schema_names() {
        let (at, pascal) = (format!("/components/schemas/{}", escape(name)), name.to_pascal_case());
        found.when(pascal != **name, at, format!("a schema's name is that of its type; write {pascal}"));
    }
    let (mut ids, mut lines) = (BTreeMap::new(), BTreeMap::new());
    for operation in document.operations() {
        let (at, id) = (operation.pointer.clone(), operation.id.unwrap_or_default());
        let (id_at, camel) = (format!("{at}/operationId"), id.to_lower_camel_case());
        found.when(id.is_empty(), &at, "an operation has no operationId; write one like getToken");
        let is_name = camel == id && id.is_ascii();
        found.when(!is_name, &id_at, format!("an operationId is a name like getToken; write {camel}"));
        if let Some(first) = ids.insert(id.to_owned(), at.clone()).filter(|_| !id.is_empty()) {
            found.when(true, id_at, format!("the operationId {id} is given twice, also at {first}; write another"));
        }
        if let Some(first) = lines.insert(operation.request_line.clone(), at.clone()) {
            let text = format!("the path differs from that at {first} only in a parameter's name; write one of them");
            found.when(true, &at, text);
        }
        let is_unknown = matches!(operation.method.as_str(), "OPTIONS" | "TRACE");
        found.when(is_unknown, &at, format!("the generator has no method {}; remove it", operation.method));
        found.path(&operation);
        found.responses(document, &operation);
        if let Some(body) = &operation.body {
            let is_json = keys(document.at(body), "content").eq([JSON]);
            found.when(!is_json, body, "the generator supports one request body, application/json; write only that");
        }
    }
    found.0.into_iter().collect()
}

impl Found {
    /// The parameters in the path are those that it names, and each must be given.
    fn path(&mut self, operation: &Operation<'_>) {
        let mut missing: BTreeSet<&str> = names(&operation.path).collect();
        for parameter in operation.parameters.values().filter(|parameter| parameter.place == "path") {
            let (at, name) = (&parameter.pointer, parameter.name.as_str());
            self.when(!missing.remove(name), at, format!("{} has no {{{name}}}; write it there", operation.path));
            self.when(!parameter.required, at, "a parameter in the path is always required; write `required: true`");
        }
        for name in missing {
            let text = format!(
                "the parameter {name} is in the path, but not among the parameters; add it, or write its name in braces alone"
            );
            self.when(true, &operation.pointer, text);
        }
    }

    /// The generator has one type for all successes of an operation, and one for all errors.
    fn responses(&mut self, document: &Document, operation: &Operation<'_>) {
        let (mut successes, mut errors) = (BTreeSet::new(), BTreeSet::new());
        for (status, response) in &operation.responses {
            let at = format!("{}/responses/{status}", operation.pointer);
            if status == "default" {
                let text = "the generator can't tell a `default` response from success; write errors by status, or as 4XX and 5XX";
                self.when(true, &at, text);
                continue;
            }
            let value = document.at(response);
            let schema = value.pointer("/content/application~1json/schema").map(ToString::to_string);
            let is_other = value.get("content").is_some() && schema.is_none();
            self.when(is_other, &at, "the response is not application/json; write its content as application/json");
            let (types, what) =
                if status.starts_with('2') { (&mut successes, "successes") } else { (&mut errors, "errors") };
            let is_second = types.insert(schema) && types.len() == 2;
            let text = format!("the generator has one type for all {what} of an operation; write one schema for them");
            self.when(is_second, &at, text);
        }
        let at = format!("{}/responses", operation.pointer);
        self.when(successes.is_empty(), at, "the operation never succeeds; add a response like 200");
    }

    /// Problems that can be anywhere in the document.
    fn anywhere(&mut self, document: &Document, part: Part, pointer: &str, value: &Value) {
        let Some(object) = value.as_object() else {
            let text = format!("{} is not what can stand here; write what OpenAPI has here", short(value));
            return self.when(true, pointer, text);
        };
        if let Some(reference) = object.get("$ref") {
            let (at, target) = (format!("{pointer}/$ref"), short(reference));
            let why = match target.starts_with('#') {
                true => "it leads nowhere or in a circle",
                false => "it leads out of this document",
            };
            let is_open = document.follow(pointer).0.get("$ref").is_some();
            self.when(is_open, &at, format!("{target} can't be followed: {why}; write a component that is here"));
            let advice =
                "properties beside a $ref are ignored; write `allOf: [{$ref: ...}]` and the properties beside that";
            return self.when(object.len() > 1, &at, advice);
        }
        for (keyword, said) in object {
            let at = format!("{pointer}/{}", escape(keyword));
            let is_of = |of: &Part, keywords: &str| *of == part && keywords.split(' ').any(|known| known == keyword);
            if holds(part, keyword).is_none() {
                let near =
                    keywords(part).max_by_key(|known| (strsim::jaro(known, keyword) * 1e3) as u32).unwrap_or_default();
                self.when(true, &at, format!("`{keyword}` is not known here; write {near} if you mean that"));
            }
            for (.., advice) in GRAMMAR.unsupported.iter().filter(|(of, keywords, _)| is_of(of, keywords)) {
                self.when(true, &at, format!("`{keyword}`: {advice}"));
            }
            for (_, _, values, advice) in GRAMMAR.values.iter().filter(|(of, of_values, ..)| is_of(of, of_values)) {
                let is_known = values.split(' ').any(|known| said == known);
                self.when(!is_known, &at, format!("{} can't be used: {advice}", short(said)));
            }
            let is_other_form = matches!(keyword.as_str(), "style" | "explode") && !is_default_form(value, keyword);
            let text = format!("the client writes parameters in OpenAPI's default form; remove `{keyword}`");
            self.when(is_other_form, &at, text);
        }
        if part == Part::Schema {
            let is_circle = is_made_of_itself(document, pointer);
            self.when(is_circle, pointer, "the schema is made of itself; write what it can be");
            let format = text(value, "format");
            let is_unknown = text(value, "type") == "string" && !matches!(format, "" | "password");
            let text =
                format!("the client has no type for the format {format:?}; remove it and say it in the description");
            self.when(is_unknown, format!("{pointer}/format"), text);
        }
    }
}

/// Whether `allOf`, `oneOf` or `anyOf` of a schema lead back to it.
fn is_made_of_itself(document: &Document, pointer: &str) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), vec![pointer.to_owned()]);
    while let Some(at) = next.pop() {
        let (value, at) = document.follow(&at);
        let keywords = ["allOf", "oneOf", "anyOf"].into_iter().filter(|keyword| value.get(keyword).is_some());
        for part in keywords.flat_map(|keyword| document.within(&format!("{at}/{keyword}"))) {
            let inner = document.follow(&part).1;
            if inner == pointer {
                return true;
            }
            next.extend(seen.insert(inner.clone()).then_some(inner));
        }
    }
    false
}

/// A value, for a message.
fn short(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().take(80).collect()
}
