//! Who the credential belongs to (fact 13).

use ldtokens::{BaseRole, Client, Error, NewToken};

use crate::proxy::{Fault, Moment};
use crate::support::{client, client_with_faults, hasty, server};

#[tokio::test]
async fn any_valid_credential_can_call_whoami() {
    let server = server().await;
    for new in [NewToken::new(BaseRole::Reader), NewToken::new(BaseRole::Reader).service()] {
        let token = client(&server).create(&new.name("who")).await.unwrap();
        let own = Client::builder(token.secret).host(server.url()).retry(hasty()).build().unwrap();
        let caller = own.whoami().await.unwrap();
        assert_eq!(caller.token_id.as_ref(), Some(&token.id), "{caller:?}");
        assert_eq!(caller.token_name.as_deref(), Some("who"));
        assert_eq!(caller.service_token, token.details.service_token);
    }
    let wrong = Client::builder("wrong".to_owned()).host(server.url()).retry(hasty()).build().unwrap();
    assert!(matches!(wrong.whoami().await, Err(Error::Unauthorized(_))));
}

#[tokio::test]
async fn properties_of_an_unexpected_type_are_kept_in_extra() {
    let server = server().await;
    let odd = "HTTP/1.1 203 Non-Authoritative\r\ncontent-length: 103\r\n\r\n\
               {\"accountId\":\"a\",\"memberId\":null,\"scopes\":null,\"tokenName\":7,\"tokenId\":\"..\",\"new\":{\"x\":1},\"authKind\":\"t\"}";
    let odd: &'static str =
        Box::leak(odd.replace("103", &odd.split_once("\r\n\r\n").unwrap().1.len().to_string()).into());
    let (client, _proxy) = client_with_faults(&server, [Fault::Respond(Moment::Before, odd)]).await;
    let caller = client.whoami().await.unwrap();
    // Only the names: a value that nobody knows may be a secret.
    let shown = format!("{caller:?}");
    assert!(shown.contains("extra: [") && shown.contains("\"new\"") && !shown.contains("\"x\""), "{shown}");
    assert_eq!((caller.account_id.as_deref(), caller.auth_kind.as_deref()), (Some("a"), Some("t")));
    assert_eq!((caller.member_id, caller.token_name, caller.token_id), (None, None, None));
    let mut extra: Vec<_> = caller.extra.keys().collect();
    extra.sort();
    assert_eq!(extra, ["new", "tokenId", "tokenName"]);
}

/// Otherwise a delete that was lost would count as done, although only the other credential was refused.
#[tokio::test]
async fn a_client_with_another_credential_does_not_know_whose_the_first_was() {
    const REFUSED: &str = "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: 47\r\n\r\n\
        {\"code\":\"unauthorized\",\"message\":\"Invalid key\"}";
    let server = server().await;
    let admin = NewToken::new(BaseRole::Admin);
    let (first, other) = (client(&server).create(&admin).await.unwrap(), client(&server).create(&admin).await.unwrap());
    let faults = [Fault::Pass, Fault::Reset(Moment::Before), Fault::Respond(Moment::Before, REFUSED)];
    let (_, proxy) = client_with_faults(&server, faults).await;
    let own = Client::builder(first.secret).host(proxy.url()).retry(hasty()).build().unwrap();
    own.whoami().await.unwrap();
    let deleted = own.with_credential(other.secret).unwrap().delete(&first.id).await;
    assert!(matches!(deleted, Err(Error::OutcomeUnknown { .. })), "{deleted:?}");
}
