//! A create that leaves no orphan.

use ldtokens::Error;

use crate::proxy::{self, Fault, Moment};
use crate::support::{client_with_faults, named, reader, server, works};

#[tokio::test]
async fn after_lost_answers_there_is_one_token_and_its_secret_is_held() {
    let server = server().await;
    for (number, fault) in [
        Fault::Reset(Moment::Before),
        Fault::Reset(Moment::After),
        Fault::CutOff,
        Fault::Answer(Moment::After, proxy::JSON_500),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("recovered {number}");
        let (client, _proxy) = client_with_faults(&server, [fault.clone()]).await;
        let issued = client.create_or_recover(&reader(&name).description("mine")).await.unwrap();
        let found = named(&server, &name).await;
        assert_eq!(found.len(), 1, "{fault:?}");
        assert_eq!(found[0].id, issued.id.as_str());
        assert_eq!(found[0].description.as_deref(), Some("mine"), "the mark is taken off");
        assert!(works(&server, &issued.secret).await);
    }
}

#[tokio::test]
async fn without_trouble_it_is_a_create_and_the_mark_is_taken_off() {
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, []).await;
    let issued = client.create_or_recover(&reader("plain")).await.unwrap();
    assert_eq!(issued.token.description, None);
    assert_eq!(client.get(&issued.id).await.unwrap().description, None);
    let lines = proxy.lines();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("POST") && lines[1].starts_with("PATCH"), "{lines:?}");
}

#[tokio::test]
async fn a_mark_that_cannot_be_taken_off_does_no_harm() {
    let server = server().await;
    let refused = proxy::Proxy::start(server.addr(), |line| match line.starts_with("PATCH") {
        true => Fault::Answer(Moment::Before, "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"),
        false => Fault::Pass,
    })
    .await;
    let client = crate::support::client_of(&server, refused.url()).build().unwrap();
    let issued = client.create_or_recover(&reader("marked").description("mine")).await.unwrap();
    let description = issued.token.description.clone().unwrap();
    assert!(description.starts_with("mine [ldtokens create "), "{description}");
    assert!(works(&server, &issued.secret).await);
}

#[tokio::test]
async fn an_orphan_that_cannot_be_looked_for_is_named_by_its_mark() {
    let server = server().await;
    let proxy = proxy::Proxy::start(server.addr(), |line| match line.split(' ').next() {
        Some("POST") => Fault::Reset(Moment::After),
        _ => Fault::Answer(Moment::Before, "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"),
    })
    .await;
    let client = crate::support::client_of(&server, proxy.url()).build().unwrap();
    let error = client.create_or_recover(&reader("orphan")).await.unwrap_err();
    let Error::OutcomeUnknown { marker: Some(marker), .. } = &error else { panic!("{error:?}") };
    assert!(error.to_string().contains(marker.as_str()), "{error}");
    let orphan = named(&server, "orphan").await;
    assert!(orphan[0].description.as_deref().unwrap().contains(marker.as_str()));
}

#[tokio::test]
async fn what_the_api_refuses_is_not_tried_again() {
    let server = server().await;
    let (client, proxy) = client_with_faults(
        &server,
        [Fault::Answer(Moment::Before, "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")],
    )
    .await;
    assert!(matches!(client.create_or_recover(&reader("x")).await, Err(Error::Forbidden(_))));
    assert_eq!(proxy.seen().len(), 1);
}
