//! The examples in docs/local-server.md.

use ldtokens_client::Secret;
use ldtokens_server::{Account, Fault, Server};
use reqwest::Method;

use crate::support::Api;

const PAGE: &str = include_str!("../../../../docs/local-server.md");

/// The first code block of this language.
fn block(language: &str) -> &'static str {
    let (_, from) = PAGE.split_once(&format!("```{language}\n")).unwrap();
    from.split_once("```").unwrap().0
}

#[tokio::test]
async fn the_account_example_is_read_and_its_role_works() {
    let mut api = Api::start().await;
    let account: Account = block("yaml").parse().unwrap();
    api.server = Server::builder().account(account).start().await.unwrap();
    let rotation = Secret::new("api-11111111-1111-4111-8111-111111111111");
    assert_eq!(api.server.secret("Rotation"), Some(&rotation));
    let owner = api.server.owner_secret().unwrap();
    let body = serde_json::json!({ "role": "reader", "serviceToken": true });
    let made =
        api.send(owner, Method::POST, "/api/v2/tokens", Some(&body)).await.json::<serde_json::Value>().await.unwrap();
    for (id, status) in [(made["_id"].as_str().unwrap(), 200), ("5f3a0c1e9b7d2a4c6e8f0b1d", 403)] {
        let reset = api.send(&rotation, Method::POST, &format!("/api/v2/tokens/{id}/reset"), None).await;
        assert_eq!(reset.status(), status, "{id}");
    }
}

#[tokio::test]
async fn the_fault_examples_are_read_and_every_option_is_documented() {
    let words = Fault::FORM.split([' ', '[', ']', '`', ',']).filter(|word| word.contains('='));
    assert!(words.clone().count() >= 6);
    for word in words {
        let name = &word[..=word.find('=').unwrap()];
        assert!(PAGE.split([' ', '\n', '[', '`']).any(|text| text.starts_with(name)), "{word}");
    }
    let server = Server::start().await.unwrap();
    let faults: Vec<Fault> = block("faults").lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(faults.len(), 8);
    server.faults().add(faults).unwrap();
    let shown: String = server.faults().left().iter().map(|fault| format!("{fault}\n")).collect();
    assert_eq!(shown, block("faults"));
}
