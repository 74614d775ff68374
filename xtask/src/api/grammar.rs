//! What an OpenAPI document can say, in version 3.0 or 3.1: the keywords of each part, and what a change of each means.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value;

/// A part of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Document,
    Components,
    PathItem,
    Operation,
    Parameter,
    Header,
    Body,
    Media,
    Response,
    Schema,
}

/// What a keyword holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Words for people.
    Words,
    /// A switch that tells something without changing what is allowed. Absent means `false`.
    Mark,
    /// A limit. Whatever it is: to set it narrows, to lift it widens.
    Limit,
    /// A number below which nothing is allowed.
    Lower,
    /// A number above which nothing is allowed.
    Upper,
    /// How something is written on the wire.
    Form,
    /// What is meant where nothing is said.
    Default,
    /// What is compared by code of its own.
    Own,
    /// What is compared as a whole, and of which only a change is told.
    Whole,
    One(Part),
    List(Part),
    Map(Part),
}

use Holds::{Default, Form, Limit, List, Lower, Map, Mark, One, Own, Upper, Whole, Words};
use Part::{Body, Components, Document, Header, Media, Operation, Parameter, PathItem, Response, Schema};

const GRAMMAR: &[(Part, Holds, &str)] = &[
    (Document, Words, "openapi info tags externalDocs jsonSchemaDialect"),
    (Document, Own, "servers security webhooks"),
    (Document, Map(PathItem), "paths"),
    (Document, One(Components), "components"),
    (Components, Map(Schema), "schemas"),
    (Components, Map(Response), "responses"),
    (Components, Map(Parameter), "parameters"),
    (Components, Map(Header), "headers"),
    (Components, Map(Body), "requestBodies"),
    (Components, Own, "securitySchemes examples links callbacks pathItems"),
    (PathItem, Words, "summary description"),
    (PathItem, Own, "servers"),
    (PathItem, List(Parameter), "parameters"),
    (PathItem, One(Operation), "get post put patch delete head options trace"),
    (Operation, Words, "summary description tags externalDocs"),
    (Operation, Own, "operationId security"),
    (Operation, Mark, "deprecated"),
    (Operation, List(Parameter), "parameters"),
    (Operation, One(Body), "requestBody"),
    (Operation, Map(Response), "responses"),
    (Operation, Whole, "callbacks servers"),
    (Parameter, Own, "name in required"),
    (Parameter, Words, "description example examples"),
    (Parameter, Mark, "deprecated"),
    (Parameter, Form, "style explode"),
    (Parameter, Whole, "allowReserved allowEmptyValue"),
    (Parameter, One(Schema), "schema"),
    (Parameter, Map(Media), "content"),
    (Header, Words, "description example examples"),
    (Header, Own, "required"),
    (Header, Mark, "deprecated"),
    (Header, Form, "style explode"),
    (Header, One(Schema), "schema"),
    (Header, Map(Media), "content"),
    (Body, Words, "description"),
    (Body, Own, "required"),
    (Body, Map(Media), "content"),
    (Media, Words, "example examples"),
    (Media, One(Schema), "schema"),
    (Media, Whole, "encoding"),
    (Response, Words, "description"),
    (Response, Map(Header), "headers"),
    (Response, Map(Media), "content"),
    (Response, Whole, "links"),
    (Schema, Words, "title description example examples externalDocs xml $comment $schema $id"),
    (Schema, Mark, "deprecated readOnly writeOnly"),
    (Schema, Default, "default"),
    (Schema, Lower, "minimum exclusiveMinimum minLength minItems minProperties minContains"),
    (Schema, Upper, "maximum exclusiveMaximum maxLength maxItems maxProperties maxContains"),
    (
        Schema,
        Limit,
        "not pattern multipleOf uniqueItems if then else contains prefixItems propertyNames patternProperties",
    ),
    (Schema, Limit, "dependentRequired dependentSchemas unevaluatedItems unevaluatedProperties contentSchema"),
    (Schema, Limit, "contentEncoding contentMediaType nothing"),
    (Schema, Whole, "discriminator $ref $anchor $dynamicRef $dynamicAnchor $defs"),
    (Schema, Own, "type nullable format enum const required"),
    (Schema, One(Schema), "items additionalProperties"),
    (Schema, List(Schema), "allOf oneOf anyOf"),
    (Schema, Map(Schema), "properties"),
];

/// What `keyword` holds in `part`, unless it is unknown there.
pub(crate) fn holds(part: Part, keyword: &str) -> Option<Holds> {
    static KNOWN: LazyLock<HashMap<(Part, &str), Holds>> = LazyLock::new(|| {
        GRAMMAR.iter().flat_map(|(part, holds, keywords)| keywords.split(' ').map(|it| ((*part, it), *holds))).collect()
    });
    KNOWN.get(&(part, keyword)).copied().or(keyword.starts_with("x-").then_some(Words))
}

/// The keywords of `part`.
pub(crate) fn keywords(part: Part) -> impl Iterator<Item = &'static str> {
    GRAMMAR.iter().filter(move |(of, ..)| *of == part).flat_map(|(.., keywords)| keywords.split(' '))
}

/// Calls `visit` with each part of `value`, which is a `part` and stands at `pointer`. References are not followed.
pub(crate) fn walk(part: Part, value: &Value, pointer: &str, visit: &mut impl FnMut(Part, &str, &Value)) {
    visit(part, pointer, value);
    if value.get("$ref").is_some() {
        return;
    }
    for (keyword, inner) in value.as_object().into_iter().flatten() {
        let at = format!("{pointer}/{}", escape(keyword));
        match (holds(part, keyword), inner) {
            (Some(One(part)), inner @ Value::Object(_)) => walk(part, inner, &at, visit),
            (Some(Map(part)), Value::Object(named)) => {
                for (name, inner) in named {
                    walk(part, inner, &format!("{at}/{}", escape(name)), visit);
                }
            }
            (Some(List(part)), Value::Array(items)) => {
                for (index, inner) in items.iter().enumerate() {
                    walk(part, inner, &format!("{at}/{index}"), visit);
                }
            }
            _ => {}
        }
    }
}

/// One part of a JSON Pointer (RFC 6901, section 3).
pub(crate) fn escape(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

/// What [`escape`] was made from.
pub(crate) fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}
