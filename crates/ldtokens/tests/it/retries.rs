//! Each row of the table in the guide on retries, and the error that a caller gets.

use ldtokens::{BaseRole, Client, Error, NewToken, Overlap, Patch, PatchOperation, RetryPolicy, TokenId};

use crate::proxy::{self, Fault, Moment, Proxy};
use crate::support::{client, client_of, client_with_faults, create, hasty, named, reader, server, works};

const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);

/// All ways in which a response is lost after the server has done the work.
fn lost_responses() -> Vec<Fault> {
    vec![
        Fault::Reset(Moment::After),
        Fault::Hang(Moment::After),
        Fault::CutOff,
        Fault::Respond(Moment::After, proxy::HTML_502),
        Fault::Respond(Moment::After, proxy::JSON_500),
        // Gateways send these after a timeout, when the API has done the work.
        Fault::Respond(Moment::After, proxy::BARE_408),
        Fault::Respond(Moment::After, proxy::TOLD_503),
    ]
}

/// Responses with a 2xx status whose body is not the API's.
fn empty_successes() -> Vec<Fault> {
    vec![Fault::Respond(Moment::After, proxy::EMPTY_201), Fault::Respond(Moment::After, proxy::HTML_200)]
}

/// All ways in which the server refuses a request without doing anything.
fn refusals() -> Vec<Fault> {
    vec![Fault::Respond(Moment::Before, proxy::BARE_429), Fault::WindowSpent(30)]
}

#[tokio::test]
async fn a_read_is_retried_after_every_failure() {
    let server = server().await;
    let token = create(&client(&server), "read me").await;
    for fault in [lost_responses(), empty_successes(), refusals()].concat() {
        let (client, proxy) = client_with_faults(&server, [fault.clone()]).await;
        let read = client.get(&token.id).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(read.name.as_deref(), Some("read me"));
        assert_eq!(proxy.seen().len(), 2, "{fault:?}");
        let (client, proxy) = client_with_faults(&server, [fault.clone()]).await;
        client.list().send().await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(proxy.seen().len(), 2, "{fault:?}");
    }
}

/// For instance a login page of a gateway. Our choice: how often it is requested.
#[tokio::test]
async fn an_html_page_is_retried_twice_and_its_type_is_named() {
    let server = server().await;
    let faults = vec![Fault::Respond(Moment::Before, proxy::HTML_200); 20];
    let (client, proxy) = client_with_faults(&server, faults).await;
    let error = client.list().send().await.unwrap_err();
    assert!(matches!(error, Error::Undecodable { .. }), "{error:?}");
    assert!(error.to_string().contains("is text/html and not JSON"), "{error}");
    assert_eq!(proxy.seen().len(), 3);

    // What names no type may be cut off JSON, so it is retried like a lost response.
    const NO_TYPE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n{\"it";
    let (client, proxy) = client_with_faults(&server, vec![Fault::Respond(Moment::Before, NO_TYPE); 20]).await;
    assert!(matches!(client.list().send().await, Err(Error::Undecodable { .. })));
    assert_eq!(proxy.seen().len(), 5);
}

// Our choice: a time to wait that is no time does not lift the maximum number of attempts.
#[tokio::test]
async fn a_503_that_says_at_once_is_retried_up_to_the_maximum_number_of_attempts() {
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, vec![Fault::Respond(Moment::Before, proxy::TOLD_503); 20]).await;
    assert!(matches!(client.list().send().await, Err(Error::Server(_))));
    assert_eq!(proxy.seen().len(), 5);
}

/// RFC 8259, section 8.1: a parser may ignore the presence of a byte-order mark.
#[tokio::test]
async fn a_byte_order_mark_before_a_response_is_skipped() {
    const MARKED: &str =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n\u{feff}{\"items\":[]}";
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, [Fault::Respond(Moment::Before, MARKED)]).await;
    assert!(client.list().send().await.unwrap().tokens.is_empty());
    assert_eq!(proxy.seen().len(), 1);
}

#[tokio::test]
async fn a_create_whose_response_is_lost_is_never_retried() {
    let server = server().await;
    for (number, fault) in [lost_responses(), empty_successes()].concat().into_iter().enumerate() {
        let name = format!("lost {number}");
        let (client, proxy) = client_with_faults(&server, [fault.clone()]).await;
        let error = client.create(&reader(&name)).await.unwrap_err();
        assert!(
            matches!(&error, Error::OutcomeUnknown { operation, .. } if operation.id() == "postToken"),
            "{fault:?}: {error:?}"
        );
        assert!(error.to_string().contains("list the tokens"), "it says what to do: {error}");
        assert_eq!(proxy.seen().len(), 1, "{fault:?}");
        assert_eq!(named(&server, &name).await.len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_reset_whose_response_is_lost_is_never_retried() {
    let server = server().await;
    for fault in [lost_responses(), empty_successes()].concat() {
        let token = create(&client(&server), "reset me").await;
        let (client, proxy) = client_with_faults(&server, [fault.clone()]).await;
        let error = client.reset(&token.id, Overlap::None).await.unwrap_err();
        assert!(
            matches!(&error, Error::OutcomeUnknown { operation, .. } if operation.id() == "resetToken"),
            "{fault:?}: {error:?}"
        );
        assert!(error.to_string().contains("reset again"), "it says what to do: {error}");
        assert_eq!(proxy.seen().len(), 1, "{fault:?}");
        assert!(!works(&server, &token.secret).await, "{fault:?}");
    }
}

#[tokio::test]
async fn a_create_or_reset_that_gets_429_is_retried() {
    let server = server().await;
    for (number, fault) in refusals().into_iter().enumerate() {
        let name = format!("refused {number}");
        let (client, proxy) = client_with_faults(&server, [fault.clone(), Fault::Pass, fault.clone()]).await;
        let token = client.create(&reader(&name)).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        let token = client.reset(&token.id, Overlap::None).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert!(works(&server, &token.secret).await);
        assert_eq!(proxy.seen().len(), 4, "{fault:?}");
        assert_eq!(named(&server, &name).await.len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_retried_for_every_operation() {
    let server = server().await;
    let (_, proxy) = client_with_faults(&server, [Fault::RefuseConnections(50)]).await;
    // As many attempts as the outage takes.
    let client =
        client_of(&server, proxy.url()).retry(RetryPolicy { max_attempts: u32::MAX, ..hasty() }).build().unwrap();
    client.list().send().await.unwrap();
    let _ = client.create(&reader("after the outage")).await.unwrap();
    assert_eq!(proxy.lines(), ["GET /api/v2/tokens", "POST /api/v2/tokens"]);
    assert_eq!(named(&server, "after the outage").await.len(), 1);
}

#[tokio::test]
async fn a_delete_that_gets_404_on_a_retry_succeeds() {
    let server = server().await;
    for fault in lost_responses() {
        let token = create(&client(&server), "delete me").await;
        let (client, proxy) = client_with_faults(&server, [fault.clone()]).await;
        client.delete(&token.id).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(proxy.seen().len(), 2, "{fault:?}");
        assert!(!works(&server, &token.secret).await);
    }
}

#[tokio::test]
async fn a_delete_that_gets_429_and_then_404_is_not_found() {
    let server = server().await;
    let never: TokenId = "0123456789abcdef01234567".parse().unwrap();
    for fault in refusals() {
        let (client, _proxy) = client_with_faults(&server, [fault.clone()]).await;
        let error = client.delete(&never).await.unwrap_err();
        assert!(matches!(error, Error::NotFound(_)), "{fault:?}: {error:?}");
    }
}

#[tokio::test]
async fn an_idempotent_patch_is_retried() {
    let server = server().await;
    for fault in lost_responses() {
        let token = create(&client(&server), "before").await;
        let (client, proxy) = client_with_faults(&server, [fault.clone()]).await;
        let patched = client.update(&token.id, &Patch::new().name("after").description("x")).await;
        assert_eq!(patched.unwrap_or_else(|error| panic!("{fault:?}: {error}")).name.as_deref(), Some("after"));
        assert_eq!(proxy.seen().len(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn a_patch_whose_test_fails_on_a_retry_is_outcome_unknown() {
    let server = server().await;
    let token = create(&client(&server), "before").await;
    let (client, _proxy) = client_with_faults(&server, [Fault::Reset(Moment::After)]).await;
    let error = client.update(&token.id, &Patch::new().expect("/name", "before").name("after")).await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    assert_eq!(client.get(&token.id).await.unwrap().name.as_deref(), Some("after"));
}

#[tokio::test]
async fn a_patch_that_is_not_idempotent_is_not_retried() {
    let server = server().await;
    let custom = ldtokens::NewToken::new(ldtokens::Permissions::custom_roles(["a", "b"])).name("custom");
    for operation in [
        r#"{"op": "add", "path": "/customRoleIds/-", "value": "c"}"#,
        r#"{"op": "remove", "path": "/customRoleIds/0"}"#,
        r#"{"op": "move", "from": "/customRoleIds/0", "path": "/customRoleIds/1"}"#,
    ] {
        let token = client(&server).create(&custom).await.unwrap();
        let (client, proxy) = client_with_faults(&server, [Fault::Reset(Moment::After)]).await;
        let operation: PatchOperation = serde_json::from_str(operation).unwrap();
        let error = client.update(&token.id, &Patch::from_operations([operation])).await.unwrap_err();
        assert!(
            matches!(&error, Error::OutcomeUnknown { operation, .. } if operation.id() == "patchToken"),
            "{error:?}"
        );
        assert_eq!(proxy.seen().len(), 1);
    }
}

/// A login page of a gateway with 200 or 202 says nothing about the token.
#[tokio::test]
async fn a_success_that_is_not_the_apis_counts_only_if_a_read_shows_the_change() {
    const PAGE: &str = "HTTP/1.1 202 Accepted\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>";
    const EMPTY_202: &str = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
    let server = server().await;
    for response in [proxy::HTML_200, PAGE, EMPTY_202] {
        for moment in [Moment::Before, Moment::After] {
            let token = create(&client(&server), "before").await;
            let proxy = Proxy::start(server.addr(), move |line| match line.starts_with("GET") {
                true => Fault::Pass,
                false => Fault::Respond(moment, response),
            })
            .await;
            let through =
                client_of(&server, proxy.url()).retry(RetryPolicy { max_attempts: 2, ..hasty() }).build().unwrap();
            let patched = through.update(&token.id, &Patch::new().name("after")).await;
            let deleted = through.delete(&token.id).await;
            let is_there = client(&server).get(&token.id).await.is_ok();
            assert_eq!(is_there, moment == Moment::Before);
            if moment == Moment::Before {
                assert!(matches!(patched, Err(Error::OutcomeUnknown { .. })), "{response}: {patched:?}");
                assert!(matches!(deleted, Err(Error::OutcomeUnknown { .. })), "{response}: {deleted:?}");
            } else {
                assert_eq!(patched.unwrap().name.as_deref(), Some("after"));
                deleted.unwrap();
            }
        }
    }
    // An empty 200 is the status of a patch: it is read again for its token.
    let token = create(&client(&server), "before").await;
    let (client, proxy) = client_with_faults(&server, [Fault::Respond(Moment::After, proxy::EMPTY_200)]).await;
    assert_eq!(client.update(&token.id, &Patch::new().name("after")).await.unwrap().name.as_deref(), Some("after"));
    assert_eq!(proxy.seen().len(), 2);
}

#[tokio::test]
async fn a_token_can_delete_itself_even_if_the_response_is_lost() {
    let server = server().await;
    for fault in lost_responses() {
        let admin = client(&server).create(&NewToken::new(BaseRole::Admin)).await.unwrap();
        let (_, proxy) = client_with_faults(&server, [Fault::Pass, fault.clone()]).await;
        let own = Client::builder(admin.secret).host(proxy.url()).retry(hasty()).build().unwrap();
        own.whoami().await.unwrap();
        own.delete(&admin.id).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
    }
    // A 401 without a code may be a gateway's.
    let admin = client(&server).create(&NewToken::new(BaseRole::Admin)).await.unwrap();
    let faults = [Fault::Pass, Fault::Reset(Moment::Before), Fault::Respond(Moment::Before, proxy::OWN_401)];
    let (_, proxy) = client_with_faults(&server, faults).await;
    let own = Client::builder(admin.secret).host(proxy.url()).retry(hasty()).build().unwrap();
    own.whoami().await.unwrap();
    let deleted = own.delete(&admin.id).await;
    assert!(matches!(deleted, Err(Error::OutcomeUnknown { .. })), "{deleted:?}");
}

// The credential may have been revoked meanwhile, and then nothing was deleted.
#[tokio::test]
async fn a_lost_delete_and_then_401_is_outcome_unknown_unless_the_token_is_the_credential() {
    let server = server().await;
    let token = create(&client(&server), "kept").await;
    let admin = client(&server).create(&NewToken::new(BaseRole::Admin)).await.unwrap();
    let (_, proxy) = client_with_faults(&server, [Fault::Pass, Fault::Respond(Moment::Before, proxy::JSON_500)]).await;
    let revoked = Client::builder(admin.secret).host(proxy.url()).retry(RetryPolicy {
        backoff_base: HOUR,
        backoff_cap: HOUR,
        deadline: HOUR,
        ..hasty()
    });
    let clock = std::sync::Arc::new(crate::deadlines::SkippingClock::default());
    let revoked = revoked.clock(clock.clone()).build().unwrap();
    revoked.whoami().await.unwrap();
    // It is revoked in the pause after the lost response.
    let (owner, id) = (client(&server), admin.id.clone());
    clock.at_next_sleep(async move { owner.delete(&id).await.unwrap() });
    let error = revoked.delete(&token.id).await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    client(&server).get(&token.id).await.unwrap();
}

#[tokio::test]
async fn a_lost_patch_and_then_401_or_403_is_outcome_unknown() {
    let server = server().await;
    for refusal in [proxy::OWN_401, proxy::OWN_403] {
        let token = create(&client(&server), "x").await;
        let faults = [Fault::Reset(Moment::After), Fault::Respond(Moment::Before, refusal)];
        let (client, _proxy) = client_with_faults(&server, faults).await;
        let error = client.update(&token.id, &Patch::new().permissions(BaseRole::Reader)).await.unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_lost_delete_that_is_then_rate_limited_is_outcome_unknown() {
    let server = server().await;
    let token = create(&client(&server), "x").await;
    let (client, _proxy) = client_with_faults(&server, [Fault::Reset(Moment::After), Fault::WindowSpent(60_000)]).await;
    let error = client.delete(&token.id).await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    assert!(!works(&server, &token.secret).await, "it was carried out");
}

#[tokio::test]
async fn attempts_whose_response_names_a_wait_do_not_count() {
    let server = server().await;
    let faults = [Fault::WindowSpent(5), Fault::WindowSpent(5), Fault::Respond(Moment::Before, proxy::HTML_502)];
    let proxy = Proxy::with_faults(server.addr(), faults).await;
    let policy = RetryPolicy { max_attempts: 2, ..RetryPolicy::default() };
    client_of(&server, proxy.url()).retry(policy).build().unwrap().list().send().await.unwrap();
    assert_eq!(proxy.seen().len(), 4);
}

#[tokio::test]
async fn a_404_is_not_retried() {
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, []).await;
    let never: TokenId = "0123456789abcdef01234567".parse().unwrap();
    assert!(matches!(client.get(&never).await, Err(Error::NotFound(_))));
    assert!(matches!(client.delete(&never).await, Err(Error::NotFound(_))));
    assert_eq!(proxy.seen().len(), 2);
}

#[tokio::test]
async fn a_read_is_attempted_at_most_five_times() {
    let server = server().await;
    let faults = vec![Fault::Respond(Moment::Before, proxy::HTML_502); 20];
    let (client, proxy) = client_with_faults(&server, faults).await;
    let error = client.list().send().await.unwrap_err();
    assert!(matches!(&error, Error::Server(api) if api.status == 502), "{error:?}");
    assert_eq!(proxy.seen().len(), 5);
}

#[tokio::test]
async fn a_call_dropped_while_under_way_or_while_it_waits_leaves_the_client_usable() {
    let server = server().await;
    for fault in [Fault::Hang(Moment::Before), Fault::WindowSpent(1_000)] {
        let (client, proxy) = client_with_faults(&server, [fault]).await;
        let call = tokio::spawn(client.list().send());
        while proxy.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        client.list().send().await.unwrap();
    }
}

/// Our choice: the status says that a patch is done, so after a body that is cut off, the patch is not repeated.
#[tokio::test]
async fn after_a_patch_whose_response_is_cut_off_the_token_is_read() {
    let server = server().await;
    let token = create(&client(&server), "before").await;
    let (client, proxy) = client_with_faults(&server, [Fault::CutOff]).await;
    let patched = client.update(&token.id, &Patch::new().name("after")).await.unwrap();
    assert_eq!(patched.name.as_deref(), Some("after"));
    let methods: Vec<_> = proxy.lines().iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(methods, ["PATCH", "GET"]);
}

/// The patch was applied, so an error of the read after it must not say that nothing was done.
#[tokio::test]
async fn a_patch_whose_response_is_empty_is_outcome_unknown_if_the_token_cannot_be_read() {
    let refused = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n";
    let server = server().await;
    let token = create(&client(&server), "before").await;
    let faults = [Fault::Respond(Moment::After, proxy::EMPTY_200), Fault::Respond(Moment::Before, refused)];
    let (client, proxy) = client_with_faults(&server, faults).await;
    let error = client.update(&token.id, &Patch::new().name("after")).await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    assert_eq!(proxy.seen().len(), 2);
    assert_eq!(crate::support::client(&server).get(&token.id).await.unwrap().name.as_deref(), Some("after"));
}
