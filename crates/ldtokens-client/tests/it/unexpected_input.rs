//! What comes out of JSON that is not what the document says: what can be read is read.
//!
//! Go services write `null` for an empty list or map, any optional field can be null, and a field or a value can be new
//! (fact 11); `lastUsed: 0` is never (fact 9). Which retyped values are errors is our choice.

use ldtokens_client::types::{ErrorRep, Token, Tokens};
use ldtokens_client::{arrived_properties, read_token};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What must come out of one changed property, as the type writes it again.
enum Out {
    /// The property is absent.
    Absent,
    /// The property has this value.
    Is(Value),
    /// It is an error.
    Error,
}
use Out::{Absent, Error, Is};

fn token() -> Value {
    json!({
        "_id": "61095542756dba551110ae21", "ownerId": "569f183514f4432160000007", "memberId": "569f183514f4432160000008",
        "_member": { "_id": "569f183514f4432160000008", "email": "ariel@example.com", "role": "admin" },
        "name": "Nightly export", "description": "Feeds the warehouse", "creationDate": 1753920000000_i64,
        "lastModified": 1753923600000_i64, "lastUsed": 1754002800000_i64, "customRoleIds": ["ops"],
        "inlineRole": [{ "effect": "allow", "resources": ["proj/*"], "actions": ["*"] }], "role": "reader", "token": "5b6a",
        "serviceToken": true, "_links": { "self": { "href": "/api/v2/tokens/61095542756dba551110ae21" } },
        "defaultApiVersion": 20240415
    })
}

/// Reads `whole` with each row's property set to its value, or missing, and compares what is written again.
fn check<T: DeserializeOwned + Serialize>(whole: Value, rows: Vec<(&str, Option<Value>, Out)>) {
    let mut wrong = Vec::new();
    for (name, value, out) in rows {
        let mut changed = whole.clone();
        match &value {
            Some(value) => changed[name] = value.clone(),
            None => drop(changed.as_object_mut().unwrap().remove(name)),
        }
        let mut expected = whole.clone();
        let expected = match out {
            Absent => {
                expected.as_object_mut().unwrap().remove(name);
                Some(expected)
            }
            Is(value) => {
                expected[name] = value;
                Some(expected)
            }
            Error => None,
        };
        let read = serde_json::from_str::<T>(&changed.to_string());
        let written = read.as_ref().ok().map(|read| serde_json::to_value(read).unwrap());
        if written != expected {
            wrong.push(format!("{name} = {value:?}: {written:?}, {:?}", read.err()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_token_with_a_null_missing_or_wrong_property_gives_the_expected_result() {
    let as_it_is = token();
    let statement = |value: Value| json!([value]);
    let mut rows = vec![("expiry", Some(json!(7)), Is(json!(7))), ("scopes", Some(json!(null)), Is(json!(null)))];
    for name in ["_id", "ownerId", "memberId", "creationDate", "lastModified"] {
        rows.push((name, None, Error));
        rows.push((name, Some(json!(null)), Error));
        rows.push((name, Some(json!({})), Error));
    }
    for name in [
        "_member",
        "name",
        "description",
        "lastUsed",
        "customRoleIds",
        "inlineRole",
        "role",
        "token",
        "serviceToken",
        "_links",
        "defaultApiVersion",
    ] {
        rows.push((name, None, Absent));
        rows.push((name, Some(json!(null)), Absent));
        // None of them is a list of numbers.
        rows.push((name, Some(json!([1])), Error));
    }
    rows.extend([
        ("_id", Some(json!("..")), Error),
        ("_id", Some(json!("")), Error),
        ("_id", Some(json!("api-5a1e7e1c-0000-4000-8000-1f2e3d4c5b6a")), Error),
        ("_id", Some(json!("another")), Is(json!("another"))),
        ("creationDate", Some(json!(1.7e12)), Is(json!(1_700_000_000_000_i64))),
        ("creationDate", Some(json!(1_753_920_000_000.0)), Is(json!(1_753_920_000_000_i64))),
        ("creationDate", Some(json!(1.5)), Error),
        ("creationDate", Some(json!(1e300)), Error),
        ("creationDate", Some(json!(u64::MAX)), Error),
        ("creationDate", Some(json!("1753920000000")), Error),
        ("lastModified", Some(json!(0)), Is(json!(0))),
        ("lastUsed", Some(json!(0)), Absent),
        ("lastUsed", Some(json!(0.0)), Absent),
        ("lastUsed", Some(json!(1.754e12)), Is(json!(1_754_000_000_000_i64))),
        ("defaultApiVersion", Some(json!(20240415.0)), Is(json!(20240415))),
        ("defaultApiVersion", Some(json!(0)), Is(json!(0))),
        ("defaultApiVersion", Some(json!("20240415")), Error),
        ("role", Some(json!("astronaut")), Is(json!("astronaut"))),
        ("role", Some(json!("")), Is(json!(""))),
        ("name", Some(json!("")), Is(json!(""))),
        ("serviceToken", Some(json!("true")), Error),
        ("customRoleIds", Some(json!([])), Absent),
        ("inlineRole", Some(statement(json!({ "effect": "maybe" }))), Is(statement(json!({ "effect": "maybe" })))),
        (
            "inlineRole",
            Some(statement(json!({ "effect": "deny", "resources": null, "notActions": null, "new": 1 }))),
            Is(statement(json!({ "effect": "deny", "new": 1 }))),
        ),
        ("inlineRole", Some(statement(json!({ "resources": [] }))), Error),
        ("_member", Some(json!({})), Is(json!({}))),
        ("_member", Some(json!({ "_id": null, "role": "astronaut", "new": [] })), Is(json!({ "role": "astronaut" }))),
        ("_links", Some(json!({})), Is(json!({}))),
        ("_links", Some(json!({ "self": {}, "parent": null })), Is(json!({ "self": {} }))),
        ("_links", Some(json!({ "self": { "href": null, "new": 1 } })), Is(json!({ "self": {} }))),
    ]);
    check::<Token>(as_it_is, rows);
}

#[test]
fn a_page_with_a_null_missing_or_wrong_property_gives_the_expected_result() {
    let page = json!({ "items": [token()], "totalCount": 1, "_links": { "self": { "href": "/api/v2/tokens" } } });
    check::<Tokens>(
        page,
        vec![
            ("items", None, Error),
            ("items", Some(json!(null)), Is(json!([]))),
            ("items", Some(json!([])), Is(json!([]))),
            ("items", Some(json!({})), Error),
            ("totalCount", None, Absent),
            ("totalCount", Some(json!(null)), Absent),
            ("totalCount", Some(json!(1e2)), Is(json!(100))),
            ("totalCount", Some(json!("1")), Error),
            ("_links", None, Absent),
            ("_links", Some(json!(null)), Absent),
            ("_links", Some(json!([])), Error),
            ("new", Some(json!(1)), Absent),
        ],
    );
}

#[test]
fn an_error_with_a_null_missing_or_wrong_property_gives_the_expected_result() {
    let mut rows = vec![("new", Some(json!(1)), Absent)];
    for name in ["code", "message", "id"] {
        rows.push((name, None, Absent));
        rows.push((name, Some(json!(null)), Absent));
        rows.push((name, Some(json!(404)), Error));
    }
    check::<ErrorRep>(json!({ "code": "not_found", "message": "No such token", "id": "a" }), rows);
}

#[test]
fn a_token_is_read_without_its_invalid_properties() {
    let whole: Token = serde_json::from_value(token()).unwrap();
    let read = read_token(&token()).unwrap();
    assert_eq!((read.token, read.unreadable), (whole, vec![]));
    for name in token().as_object().unwrap().keys().filter(|name| *name != "_id") {
        let mut odd = token();
        odd[name] = json!([[1]]);
        let read = read_token(&odd).unwrap();
        assert_eq!(read.unreadable, [name.as_str()]);
        let mut expected = token();
        match name.as_str() {
            "ownerId" | "memberId" => expected[name] = json!(""),
            "creationDate" | "lastModified" => expected[name] = json!(0),
            "token" => drop(expected.as_object_mut().unwrap().remove(name)),
            // It stays in `extra`.
            name => expected[name] = odd[name].clone(),
        }
        assert_eq!(serde_json::to_value(&read.token).unwrap(), expected);
    }
    assert!(read_token(&json!({ "name": "no ID" })).is_err());
    assert!(read_token(&json!({ "_id": "../x" })).is_err());
    assert!(read_token(&json!("text")).is_err());
}

#[test]
fn what_arrived_whole_of_an_object_is_read() {
    for (text, arrived) in [
        (
            r#"{"a": "x\"y, z\\", "b": 1e999, "c": oops, "d": [1, {"e": 2}], "f": {"g": [3], "h": 4}}"#,
            json!({ "a": "x\"y, z\\", "d": [1, { "e": 2 }], "f": { "g": [3], "h": 4 } }),
        ),
        (r#"{"a": "{[", "b": "]}", "c": 1} {"d": 2}"#, json!({ "a": "{[", "b": "]}", "c": 1 })),
        (r#"{"a": 1, "b": "whole""#, json!({ "a": 1, "b": "whole" })),
        (r#"{"a": 1, "b": {"c": 2}"#, json!({ "a": 1, "b": { "c": 2 } })),
        (r#"{"a": 1, "b": 12"#, json!({ "a": 1 })),
        (r#"{"a": 1, "b": "cut "#, json!({ "a": 1 })),
        (r#"{"a": 1, "b": {"c": "d""#, json!({ "a": 1 })),
        (r#"{"a": 1, "b": "\""#, json!({ "a": 1 })),
        (r#"[{"a": 1}]"#, json!(null)),
    ] {
        assert_eq!(arrived_properties(text.as_bytes()).map_or(Value::Null, Value::Object), arrived, "{text}");
    }
}

#[test]
fn a_secret_is_read_even_if_other_properties_are_missing() {
    let json = json!({ "_id": "61095542756dba551110ae21", "token": "api-5a1e7e1c-0000-4000-8000-1f2e3d4c5b6a" });
    let read = read_token(&json).unwrap();
    assert_eq!(read.token.token.unwrap().expose(), "api-5a1e7e1c-0000-4000-8000-1f2e3d4c5b6a");
    assert_eq!(read.unreadable, ["creationDate", "lastModified", "memberId", "ownerId"]);
}
