//! Successful responses that are not what the document says (fact 11): what must come out of each, for each operation. No row
//! loses a secret, and none repeats a create.

use ldtokens::raw::types::TokenBody;
use ldtokens::{Client, Error, IssuedToken, Overlap, Patch, Token};
use ldtokens_server::Server;
use serde_json::{Value, json};

use crate::proxy::{Fault, Moment, Proxy};
use crate::support::{client, client_with_faults, create, named, reader, server, works};

/// Properties of a token, in a response that is odd in this way.
type Oddity = fn(&mut Value);

const SECRET: &str = "token";

fn set(token: &mut Value, name: &str, value: Value) {
    token[name] = value;
}

fn remove(token: &mut Value, name: &str) {
    token.as_object_mut().unwrap().remove(name);
}

/// Oddities that say nothing wrong: the token is read as it is.
const HARMLESS: [(&str, Oddity); 10] = [
    ("null for a list", |token| set(token, "customRoleIds", Value::Null)),
    ("null for every optional property", |token| {
        for name in ["name", "description", "inlineRole", "lastUsed", "_member", "defaultApiVersion", "serviceToken"] {
            set(token, name, Value::Null);
        }
    }),
    ("missing links", |token| remove(token, "_links")),
    ("null for links", |token| set(token, "_links", Value::Null)),
    ("a member without its parts", |token| set(token, "_member", json!({}))),
    ("a new property", |token| set(token, "novelty", json!({ "at": 1 }))),
    ("a new role", |token| set(token, "role", json!("sovereign"))),
    ("a new effect", |token| {
        set(token, "inlineRole", json!([{ "effect": "ponder", "actions": ["*"], "resources": ["*"] }]))
    }),
    ("whole numbers as floats", |token| set(token, "creationDate", json!(1.754e12))),
    ("never used", |token| set(token, "lastUsed", json!(0))),
];

/// Oddities of one property, which is lost, and its name.
const UNREADABLE: [(&str, &str, Oddity); 6] = [
    ("retyped text", "name", |token| set(token, "name", json!(7))),
    ("retyped list", "customRoleIds", |token| set(token, "customRoleIds", json!("a"))),
    ("retyped time", "creationDate", |token| set(token, "creationDate", json!("yesterday"))),
    ("retyped flag", "serviceToken", |token| set(token, "serviceToken", json!("yes"))),
    ("missing time", "lastModified", |token| remove(token, "lastModified")),
    ("null for what is required", "ownerId", |token| set(token, "ownerId", Value::Null)),
];

async fn meets(server: &Server, fault: Fault) -> (Client, Proxy) {
    client_with_faults(server, [fault]).await
}

/// Creates, with this oddity in the response.
async fn created(server: &Server, name: &str, status: u16, odd: Oddity) -> Result<IssuedToken, Error> {
    let (client, proxy) = meets(server, Fault::Odd(status, odd)).await;
    let created = client.create(&reader(name)).await;
    assert_eq!(proxy.lines(), ["POST /api/v2/tokens"], "{name}: it is not repeated");
    created
}

/// Resets, with this oddity in the response.
async fn reset(server: &Server, status: u16, odd: Oddity) -> (IssuedToken, Result<IssuedToken, Error>) {
    let token = create(&client(server), "reset").await;
    let (client, proxy) = meets(server, Fault::Odd(status, odd)).await;
    let reset = client.reset(&token.id, Overlap::None).await;
    assert_eq!(proxy.seen().len(), 1, "it is not repeated");
    (token, reset)
}

#[tokio::test]
async fn harmless_oddities_cause_no_warning() {
    let server = server().await;
    for (what, odd) in HARMLESS {
        let issued = created(&server, what, 201, odd).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(issued.warnings.is_empty(), "{what}: {:?}", issued.warnings);
        assert!(works(&server, &issued.secret).await, "{what}");
        let (token, issued) = reset(&server, 200, odd).await;
        let issued = issued.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(issued.id == token.id && works(&server, &issued.secret).await, "{what}");

        let read = |token: Result<Token, Error>| token.unwrap_or_else(|error| panic!("{what}: {error}"));
        let (client, proxy) = client_with_faults(&server, vec![Fault::Odd(200, odd); 2]).await;
        assert_eq!(read(client.get(&issued.id).await).id, issued.id);
        assert_eq!(read(client.update(&issued.id, &Patch::new().name("new")).await).id, issued.id);
        assert_eq!(proxy.seen().len(), 2, "{what}: nothing is read again");
    }
}

#[tokio::test]
async fn a_secret_is_returned_even_if_the_rest_of_the_response_is_odd() {
    let server = server().await;
    for (what, property, odd) in UNREADABLE {
        let issued = created(&server, what, 201, odd).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(works(&server, &issued.secret).await, "{what}");
        let (_, reset) = reset(&server, 200, odd).await;
        let reset = reset.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(works(&server, &reset.secret).await, "{what}");
        for issued in [&issued, &reset] {
            assert!(issued.warnings.iter().any(|warning| warning.contains(property)), "{what}: {:?}", issued.warnings);
            assert!(!format!("{issued:?}").contains(issued.secret.expose()), "{what}");
        }
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_decoded_is_described_by_its_place_and_not_shown() {
    let server = server().await;
    for (body, place) in [
        (r#"{"xyz":[1,{}"#, "the body ends early, line 1 column 12"),
        (r#"{"items":77}"#, "a value has an unexpected type, line 1 column 11"),
        (r#"{"items":x }"#, "the body is not JSON, line 1 column 10"),
    ] {
        let response = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{body}");
        let (client, _proxy) = meets(&server, Fault::Respond(Moment::Before, response.leak())).await;
        let error = client.call(async |raw| raw.get_tokens().send().await).await.unwrap_err();
        assert_eq!(error.to_string(), format!("getTokens: the response can't be read: {place}"));
    }
    // Of a create, nobody has the secret then.
    let (client, _proxy) = meets(&server, Fault::Odd(201, |token| *token = json!({}))).await;
    let body: TokenBody = serde_json::from_value(json!({ "role": "reader" })).unwrap();
    let created = client.call(async |raw| raw.post_token().body(body).send().await).await;
    assert!(matches!(created, Err(Error::OutcomeUnknown { .. })), "{created:?}");
}

#[tokio::test]
async fn any_2xx_is_a_success() {
    let server = server().await;
    for status in [200, 201, 202, 203, 206, 299] {
        let issued = created(&server, &format!("{status}"), status, |_| {}).await.unwrap();
        assert_eq!(issued.warnings.is_empty(), status == 201, "{status}: {:?}", issued.warnings);
        assert!(works(&server, &issued.secret).await);
        let (_, reset) = reset(&server, status, |_| {}).await;
        let reset = reset.unwrap();
        assert_eq!(reset.warnings.is_empty(), status == 200);
        assert!(works(&server, &reset.secret).await);

        let (client, proxy) = client_with_faults(&server, vec![Fault::Odd(status, |_| {}); 4]).await;
        assert_eq!(client.get(&issued.id).await.unwrap().id, issued.id);
        assert!(client.list().send().await.unwrap().tokens.iter().any(|token| token.id == issued.id));
        client.update(&issued.id, &Patch::new().name("new")).await.unwrap();
        client.delete(&issued.id).await.unwrap();
        assert_eq!(proxy.seen().len(), 4, "{status}");
    }
}

#[tokio::test]
async fn a_masked_or_missing_secret_is_the_error_no_secret() {
    let server = server().await;
    let oddities: [(&str, Oddity); 5] = [
        ("four characters", |token| set(token, SECRET, json!("5b6a"))),
        ("masked", |token| set(token, SECRET, json!("********5b6a"))),
        ("null", |token| set(token, SECRET, Value::Null)),
        ("missing", |token| remove(token, SECRET)),
        ("retyped", |token| set(token, SECRET, json!(12_345_678))),
    ];
    for (what, odd) in oddities {
        let (token, reset) = reset(&server, 200, odd).await;
        let error = reset.unwrap_err();
        assert!(matches!(&error, Error::NoSecret { id, .. } if *id == token.id), "{what}: {error:?}");
        assert!(error.to_string().contains("does not have the whole secret"), "{error}");
        let error = created(&server, what, 201, odd).await.unwrap_err();
        let Error::NoSecret { id, .. } = &error else { panic!("{what}: {error:?}") };
        assert_eq!(named(&server, what).await[0].id, *id);
    }
}

#[tokio::test]
async fn a_missing_id_is_taken_from_the_request_or_the_self_link() {
    let server = server().await;
    let (token, issued) = reset(&server, 200, |token| set(token, "_id", Value::Null)).await;
    let issued = issued.unwrap();
    assert!(issued.id == token.id && works(&server, &issued.secret).await);
    let issued = created(&server, "linked", 201, |token| remove(token, "_id")).await.unwrap();
    assert_eq!(named(&server, "linked").await[0].id, issued.id);
    assert!(issued.warnings[0].ends_with("_id"), "{:?}", issued.warnings);
    assert!(works(&server, &issued.secret).await);
    let nothing = created(&server, "nothing", 201, |token| *token = json!({})).await;
    assert!(matches!(nothing, Err(Error::OutcomeUnknown { .. })), "{nothing:?}");
}

#[tokio::test]
async fn an_odd_property_stays_unchanged_after_a_get_and_a_token_is_read_again_after_a_patch() {
    let server = server().await;
    let token = create(&client(&server), "x").await;
    for (what, property, odd) in UNREADABLE {
        let (client, _proxy) = meets(&server, Fault::Odd(200, odd)).await;
        match client.get(&token.id).await {
            Ok(read) => assert!(!read.extra[property].is_null(), "{what}: {read:?}"),
            Err(error) => {
                assert!(["creationDate", "lastModified", "ownerId"].contains(&property), "what is required: {error}");
                assert!(matches!(&error, Error::Undecodable { token_id: Some(id), .. } if *id == token.id.as_str()));
                assert!(error.to_string().contains(property), "{what}: {error}");
            }
        }
        let (client, proxy) = meets(&server, Fault::Odd(200, odd)).await;
        // A read can't show whether a `test` was made.
        let patch = Patch::new().expect("/role", "reader").name(what);
        let patched = client.update(&token.id, &patch).await.unwrap();
        assert_eq!(patched.name.as_deref(), Some(what));
        assert_eq!(proxy.seen().len(), 2, "{what}: {:?}", proxy.lines());
    }
}

#[tokio::test]
async fn an_odd_page_returns_the_tokens_that_can_be_read() {
    let server = server().await;
    let _ = create(&client(&server), "x").await;
    let tokens = |page: ldtokens::Page| (page.tokens.len(), page.unreadable.len());
    let oddities: [(&str, Oddity, (usize, usize)); 8] = [
        ("null for the links", |page| set(page, "_links", Value::Null), (2, 0)),
        ("null for the total", |page| set(page, "totalCount", Value::Null), (2, 0)),
        ("a total as a float", |page| set(page, "totalCount", json!(2.0)), (2, 0)),
        ("a total as a text", |page| set(page, "totalCount", json!("2")), (2, 0)),
        ("a new property", |page| set(page, "cursor", json!("x")), (2, 0)),
        ("null for all tokens", |page| set(page, "items", Value::Null), (0, 0)),
        (
            "null for all tokens, and a total as a text",
            |page| {
                set(page, "items", Value::Null);
                set(page, "totalCount", json!("2"));
            },
            (0, 0),
        ),
        ("one token that is none", |page| page["items"][0] = json!(7), (1, 1)),
    ];
    for (what, odd, expected) in oddities {
        let (client, proxy) = meets(&server, Fault::Odd(200, odd)).await;
        let page = client.list().send().await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(tokens(page), expected, "{what}");
        assert_eq!(proxy.seen().len(), 1);
    }
    // What says that more pages follow must not be lost.
    let (client, _proxy) = meets(&server, Fault::Odd(200, |page| set(page, "_links", json!(7)))).await;
    let page = client.list().send().await.unwrap();
    assert!(matches!(page.next, Err(Error::BadLink { .. })), "{:?}", page.next);
    let (client, _proxy) = meets(&server, Fault::Odd(200, |page| set(page, "items", json!("none")))).await;
    let error = client.list().send().await.unwrap_err();
    assert!(error.to_string().contains("items"), "{error}");
}

/// Our choice: a property that this version does not know may be a secret.
#[tokio::test]
async fn debug_prints_the_names_of_unknown_properties_and_not_their_values() {
    let server = server().await;
    let token = create(&client(&server), "unknown property").await;
    let odd: fn(&mut Value) = |token| set(token, "oldToken", json!("api-5a1e7e1c-0000-4000-8000-1f2e3d4c5b6a"));
    let (client, _proxy) = meets(&server, Fault::Odd(200, odd)).await;
    let token = client.get(&token.id).await.unwrap();
    assert!(token.extra["oldToken"].is_string());
    let shown = format!("{token:?}");
    assert!(shown.contains("oldToken") && !shown.contains("5a1e7e1c"), "{shown}");
}
