//! Every small change that can be made to openapi.yaml, with what it is known to mean.

use serde_json::{Value, json};
use xtask::Bump::{self, Major, Minor, Patch};

use crate::support::document;

/// A change to the document, and the steps that it asks for: of callers, of the generated crate, of the facade.
pub(crate) struct Mutation {
    pub(crate) name: String,
    pub(crate) document: Value,
    pub(crate) steps: [Bump; 3],
    /// Whether it only adds.
    pub(crate) additive: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Request,
    Response,
    Both,
}

/// The schemas that are objects: which way they travel, and whether the facade shows their types.
const OBJECTS: [(&str, Way, bool); 9] = [
    ("Token", Way::Response, true),
    ("Tokens", Way::Response, false),
    ("MemberSummary", Way::Response, true),
    ("Link", Way::Response, true),
    ("ErrorRep", Way::Response, false),
    ("TokenBody", Way::Request, false),
    ("PatchWithComment", Way::Request, false),
    ("PatchOperation", Way::Request, true),
    ("Statement", Way::Both, true),
];

/// The values that are listed: where, which way they travel, and whether the facade shows their type.
const ENUMS: [(&str, Way, bool); 3] = [
    ("/components/schemas/BaseRole/enum", Way::Request, false),
    ("/components/schemas/PatchOperation/properties/op/enum", Way::Request, true),
    ("/components/schemas/Statement/properties/effect/enum", Way::Both, true),
];

pub(crate) fn all() -> Vec<Mutation> {
    let mut mutations = Vec::new();
    for (schema, way, shown) in OBJECTS {
        of_object(&mut mutations, schema, way, shown);
    }
    for (pointer, way, shown) in ENUMS {
        of_enum(&mut mutations, pointer, way, shown);
    }
    of_operations(&mut mutations);
    // Links are written by hand: the generated code stays as it is.
    for Mutation { steps: [caller, client, facade], .. } in
        mutations.iter_mut().filter(|it| it.name.starts_with("Link."))
    {
        (*client, *facade) = (Patch, if *caller == Major { Major } else { Patch });
    }
    mutations
}

fn mutation(name: String, steps: [Bump; 3], additive: bool, change: impl FnOnce(&mut Value)) -> Mutation {
    let mut document = document();
    change(&mut document);
    Mutation { name, document, steps, additive }
}

/// What narrows requests or widens responses breaks callers.
fn steps(narrows: bool, way: Way, shown: bool) -> [Bump; 3] {
    let caller = match (way, narrows) {
        (Way::Both, _) | (Way::Request, true) | (Way::Response, false) => Major,
        _ => Minor,
    };
    let facade = if shown || caller == Major { Major } else { Patch };
    [caller, Major, facade]
}

fn of_object(mutations: &mut Vec<Mutation>, schema: &str, way: Way, shown: bool) {
    let at = format!("/components/schemas/{schema}");
    let original = document().pointer(&at).unwrap().clone();
    let required = |name: &str| original["required"].as_array().is_some_and(|names| names.contains(&json!(name)));
    let breaks_all = [Major, Major, Major];
    for name in original["properties"].as_object().unwrap().keys() {
        mutations.push(mutation(format!("{schema}.{name} renamed"), breaks_all, false, |document| {
            let object = document.pointer_mut(&at).unwrap();
            let value = object["properties"].as_object_mut().unwrap().remove(name).unwrap();
            object["properties"]["renamed"] = value;
            rename_required(object, name, Some("renamed"));
        }));
        mutations.push(mutation(format!("{schema}.{name} dropped"), breaks_all, false, |document| {
            let object = document.pointer_mut(&at).unwrap();
            object["properties"].as_object_mut().unwrap().remove(name);
            rename_required(object, name, None);
        }));
        mutations.push(mutation(format!("{schema}.{name} retyped"), breaks_all, false, |document| {
            let property = document.pointer_mut(&format!("{at}/properties/{name}")).unwrap();
            let kind = if property["type"] == "boolean" { "string" } else { "boolean" };
            *property = json!({ "type": kind, "description": property["description"] });
        }));
        let required = required(name);
        let what = if required { "no longer required" } else { "required" };
        mutations.push(mutation(format!("{schema}.{name} {what}"), steps(!required, way, shown), false, |document| {
            let object = document.pointer_mut(&at).unwrap();
            if required {
                rename_required(object, name, None);
            } else {
                require(object, name);
                object["properties"][name].as_object_mut().unwrap().remove("x-zero-is-absent");
            }
        }));
    }
    let added = json!({ "type": "string", "description": "Something new.", "example": "new" });
    let facade = if shown { Minor } else { Patch };
    mutations.push(mutation(format!("{schema}.brandNew added"), [Minor, Minor, facade], true, |document| {
        document.pointer_mut(&at).unwrap()["properties"]["brandNew"] = added.clone();
    }));
    let caller = if way == Way::Response { Minor } else { Major };
    let facade = if shown || caller == Major { Major } else { Patch };
    mutations.push(mutation(format!("{schema}.brandNew required"), [caller, Major, facade], false, |document| {
        let object = document.pointer_mut(&at).unwrap();
        object["properties"]["brandNew"] = added.clone();
        require(object, "brandNew");
    }));
}

fn require(object: &mut Value, name: &str) {
    match object.get_mut("required") {
        Some(Value::Array(names)) => names.push(json!(name)),
        _ => object["required"] = json!([name]),
    }
}

fn rename_required(object: &mut Value, name: &str, to: Option<&str>) {
    let Some(Value::Array(names)) = object.get_mut("required") else { return };
    let was_there = names.contains(&json!(name));
    names.retain(|known| known != name);
    if let (true, Some(to)) = (was_there, to) {
        names.push(json!(to));
    }
}

fn of_enum(mutations: &mut Vec<Mutation>, pointer: &str, way: Way, shown: bool) {
    let [caller, _, facade] = steps(false, way, shown);
    let widened = [caller, Minor, if shown { Minor } else { facade }];
    mutations.push(mutation(format!("{pointer} widened"), widened, true, |document| {
        document.pointer_mut(pointer).unwrap().as_array_mut().unwrap().push(json!("brandNew"));
    }));
    mutations.push(mutation(format!("{pointer} narrowed"), steps(true, way, shown), false, |document| {
        document.pointer_mut(pointer).unwrap().as_array_mut().unwrap().pop();
    }));
    let (owner, _) = pointer.rsplit_once('/').unwrap();
    mutations.push(mutation(format!("{pointer} freed"), steps(false, way, shown), false, |document| {
        document.pointer_mut(owner).unwrap().as_object_mut().unwrap().remove("enum");
    }));
}

fn of_operations(mutations: &mut Vec<Mutation>) {
    let operations = [
        ("/paths/~1tokens/get", "getTokens"),
        ("/paths/~1tokens/post", "postToken"),
        ("/paths/~1tokens~1{tokenId}/get", "getToken"),
        ("/paths/~1tokens~1{tokenId}/patch", "patchToken"),
        ("/paths/~1tokens~1{tokenId}/delete", "deleteToken"),
        ("/paths/~1tokens~1{tokenId}~1reset/post", "resetToken"),
    ];
    let parameter = |required: bool| {
        json!({
            "name": "brandNew", "in": "query", "required": required,
            "description": "Something new.", "schema": { "type": "boolean" }, "example": true,
        })
    };
    for (at, id) in operations {
        for required in [false, true] {
            let steps = if required { [Major, Major, Major] } else { [Minor, Minor, Patch] };
            let what = if required { "required parameter" } else { "parameter" };
            mutations.push(mutation(format!("{id}: {what} added"), steps, !required, |document| {
                let operation = document.pointer_mut(at).unwrap();
                match operation.get_mut("parameters") {
                    Some(Value::Array(parameters)) => parameters.push(parameter(required)),
                    _ => operation["parameters"] = json!([parameter(required)]),
                }
            }));
        }
        mutations.push(mutation(format!("{id}: error added"), [Minor, Patch, Patch], true, |document| {
            document.pointer_mut(at).unwrap()["responses"]["418"] =
                json!({ "$ref": "#/components/responses/Forbidden" });
        }));
        mutations.push(mutation(format!("{id}: error dropped"), [Patch, Patch, Patch], false, |document| {
            document.pointer_mut(at).unwrap()["responses"].as_object_mut().unwrap().remove("403");
        }));
        mutations.push(mutation(format!("{id}: description changed"), [Patch, Patch, Patch], false, |document| {
            document.pointer_mut(at).unwrap()["description"] = json!("Another description.");
        }));
        mutations.push(mutation(format!("{id} dropped"), [Major, Major, Major], false, |document| {
            let (path, method) = at.rsplit_once('/').unwrap();
            document.pointer_mut(path).unwrap().as_object_mut().unwrap().remove(method);
        }));
    }
    for index in 0..3 {
        let at = "/paths/~1tokens/get/parameters";
        mutations.push(mutation(format!("getTokens: parameter {index} dropped"), [Major; 3], false, |document| {
            document.pointer_mut(at).unwrap().as_array_mut().unwrap().remove(index);
        }));
        mutations.push(mutation(format!("getTokens: parameter {index} renamed"), [Major; 3], false, |document| {
            document.pointer_mut(at).unwrap()[index]["name"] = json!("renamed");
        }));
        mutations.push(mutation(format!("getTokens: parameter {index} required"), [Major; 3], false, |document| {
            document.pointer_mut(at).unwrap()[index]["required"] = json!(true);
        }));
    }
    let limit = "/paths/~1tokens/get/parameters/1/schema";
    mutations.push(mutation("limit tightened".to_owned(), [Major; 3], false, |document| {
        document.pointer_mut(limit).unwrap()["minimum"] = json!(5);
    }));
    mutations.push(mutation("limit loosened".to_owned(), [Minor, Major, Patch], false, |document| {
        document.pointer_mut(limit).unwrap().as_object_mut().unwrap().remove("minimum");
    }));
    mutations.push(mutation("path parameter renamed".to_owned(), [Patch, Major, Patch], false, |document| {
        document.pointer_mut("/components/parameters/tokenId").unwrap()["name"] = json!("id");
        let paths = document["paths"].as_object_mut().unwrap();
        let renamed = std::mem::take(paths).into_iter().map(|(path, item)| (path.replace("{tokenId}", "{id}"), item));
        *paths = renamed.collect();
    }));
    mutations.push(mutation("getMe added".to_owned(), [Minor, Minor, Patch], true, |document| {
        let mut operation = document.pointer("/paths/~1tokens~1{tokenId}/get").unwrap().clone();
        operation["operationId"] = json!("getMe");
        operation["responses"]["200"]["content"]["application/json"]["schema"] =
            json!({ "$ref": "#/components/schemas/MemberSummary" });
        document["paths"]["/members/me"] = json!({ "get": operation });
    }));
}
