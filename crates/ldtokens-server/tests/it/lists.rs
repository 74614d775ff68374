//! Lists and their pages.

use ldtokens_client::Secret;
use ldtokens_server::Server;
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
async fn versions_before_20240415_return_all_tokens_at_once() {
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

/// Each page is compared with the same part of the whole list.
#[tokio::test]
async fn each_page_is_right_after_tokens_were_created_and_deleted() {
    let mut api = Api::start().await;
    api.server = Server::builder().clock(api.clock.clone()).seed_tokens(2500).start().await.unwrap();
    api.owner = api.server.owner_secret().unwrap().clone();
    let service = api.create(&json!({ "role": "admin", "serviceToken": true })).await.1;
    let (_, reader) = api.reader().await;
    let everything = async |secret: &Secret| -> Vec<Value> {
        let request = api.request(Method::GET, "/api/v2/tokens?showAll=true").header("Authorization", secret.expose());
        let list: Value = request.header("LD-API-Version", "20220603").send().await.unwrap().json().await.unwrap();
        list["items"].as_array().unwrap().iter().map(|token| token["_id"].clone()).collect()
    };
    // Deletes tokens of each kind, and among them all of a block of 1,024 numbers.
    let all = everything(&api.owner).await;
    assert_eq!(all.len(), 2506);
    for id in all[1030..2060].iter().chain(&all[2100..2110]) {
        let path = format!("/api/v2/tokens/{}", id.as_str().unwrap());
        assert_eq!(api.owner(Method::DELETE, &path, None).await.0, 204);
    }
    let all = everything(&api.owner).await;
    assert_eq!(all.len(), 1466);
    let sees = |token: &Value, secret: &Secret| {
        let is_own = token["_member"]["email"] == "owner@example.com";
        token["serviceToken"] == true || (is_own && *secret != service)
    };
    let (mut whole, mut next) = (Vec::new(), Some("/api/v2/tokens?limit=1000&showAll=true".to_owned()));
    while let Some(path) = next {
        let (_, page) = api.owner(Method::GET, &path, None).await;
        whole.extend(page["items"].as_array().unwrap().clone());
        next = href(&page, "next").map(str::to_owned);
    }
    assert_eq!(whole.iter().map(|token| token["_id"].clone()).collect::<Vec<_>>(), all);
    for (secret, show_all) in [(&api.owner, true), (&api.owner, false), (&service, false), (&reader, true)] {
        let is_all = show_all && *secret == api.owner;
        let visible: Vec<&Value> =
            whole.iter().filter(|token| is_all || sees(token, secret)).map(|token| &token["_id"]).collect();
        for offset in [0, 1, 25, 900, 1023, 1024, 1025, visible.len() - 1, visible.len(), visible.len() + 1, 5000] {
            for limit in [1, 30] {
                let path = format!("/api/v2/tokens?limit={limit}&offset={offset}&showAll={show_all}");
                let page: Value = api.send(secret, Method::GET, &path, None).await.json().await.unwrap();
                let ids: Vec<&Value> = page["items"].as_array().unwrap().iter().map(|token| &token["_id"]).collect();
                let there: Vec<&Value> = visible.iter().copied().skip(offset).take(limit).collect();
                assert_eq!((&page["totalCount"], ids), (&json!(visible.len()), there), "{path}");
            }
        }
    }
}

/// Our choice.
#[tokio::test]
async fn a_page_has_a_thousand_tokens_at_most_and_its_links_agree() {
    let mut api = Api::start().await;
    api.server = Server::builder().clock(api.clock.clone()).seed_tokens(2100).start().await.unwrap();
    api.owner = api.server.owner_secret().unwrap().clone();
    let (_, page) =
        api.owner(Method::GET, "/api/v2/tokens?showAll=true&limit=9223372036854775807&offset=100", None).await;
    assert_eq!((page["items"].as_array().unwrap().len(), &page["totalCount"]), (1000, &json!(2104)));
    assert_eq!(href(&page, "self"), Some("/api/v2/tokens?limit=1000&offset=100&showAll=true"));
    assert_eq!(href(&page, "prev"), Some("/api/v2/tokens?limit=1000&showAll=true"));
    assert_eq!(href(&page, "next"), Some("/api/v2/tokens?limit=1000&offset=1100&showAll=true"));
    assert_eq!(href(&page, "last"), Some("/api/v2/tokens?limit=1000&offset=2000&showAll=true"));
}

#[tokio::test]
async fn an_invalid_parameter_is_refused_and_named() {
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
