//! Lists and their pages.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, refused};

async fn with_tokens(count: usize) -> Api {
    let api = Api::start().await;
    for number in 0..count {
        api.create(&json!({ "name": format!("{number}"), "role": "reader" })).await;
    }
    api
}

fn href<'a>(list: &'a Value, rel: &str) -> Option<&'a str> {
    list["_links"].get(rel)?["href"].as_str()
}

#[tokio::test]
async fn links_lead_through_the_pages() {
    let api = with_tokens(29).await;
    let (_, first) = api.owner(Method::GET, "/api/v2/tokens?showAll=true", None).await;
    assert_eq!((first["items"].as_array().unwrap().len(), &first["totalCount"]), (25, &json!(33)));
    assert_eq!(href(&first, "next"), Some("/api/v2/tokens?limit=25&offset=25&showAll=true"));
    assert_eq!((href(&first, "prev"), href(&first, "first")), (None, None));
    let (_, second) = api.owner(Method::GET, href(&first, "next").unwrap(), None).await;
    assert_eq!(second["items"].as_array().unwrap().len(), 8);
    assert_eq!((href(&second, "next"), href(&second, "last")), (None, None));
    assert_eq!(href(&second, "prev"), Some("/api/v2/tokens?limit=25&showAll=true"));
    let (_, middle) = api.owner(Method::GET, "/api/v2/tokens?limit=7&offset=10", None).await;
    assert_eq!(href(&middle, "self"), Some("/api/v2/tokens?limit=7&offset=10"));
    assert_eq!(href(&middle, "prev"), Some("/api/v2/tokens?limit=7&offset=3"));
    assert_eq!(href(&middle, "next"), Some("/api/v2/tokens?limit=7&offset=17"));
    assert_eq!(href(&middle, "last"), Some("/api/v2/tokens?limit=7&offset=28"));
    let (_, beyond) = api.owner(Method::GET, "/api/v2/tokens?offset=9223372036854775807", None).await;
    assert_eq!(beyond["items"], json!([]));
}

#[tokio::test]
async fn versions_before_20240415_give_everything_at_once() {
    let api = with_tokens(29).await;
    for (version, count) in
        [("20160426", 30), ("20191212", 30), ("20210729", 30), ("20220603", 30), ("20240415", 25), ("beta", 25)]
    {
        let request = api.request(Method::GET, "/api/v2/tokens").header("Authorization", api.owner.expose());
        let list: Value = request.header("LD-API-Version", version).send().await.unwrap().json().await.unwrap();
        assert_eq!(list["items"].as_array().unwrap().len(), count, "{version}");
    }
    // Without the header the token's own version applies.
    let (_, old) = api.create(&json!({ "role": "admin", "defaultApiVersion": 20220603 })).await;
    let list: Value = api.send(&old, Method::GET, "/api/v2/tokens", None).await.json().await.unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 31);
}

#[tokio::test]
async fn parameters_of_another_kind_are_refused_by_name() {
    let api = with_tokens(0).await;
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=a", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("offset=-1", "offset"),
        ("offset=", "offset"),
        ("showAll=yes", "showAll"),
        ("limit=1&limit=2", "limit"),
    ] {
        let response = api.send(&api.owner, Method::GET, &format!("/api/v2/tokens?{query}"), None).await;
        let refusal = refused(response, 400, "invalid_request").await;
        assert!(refusal["message"].as_str().unwrap().starts_with(name), "{query}: {refusal}");
    }
}
