//! Pages as a stream.

use std::collections::BTreeSet;

use ldtokens::{Client, Error};
use ldtokens_server::Server;

use crate::proxy::{Fault, Moment, OWN_403, Proxy};
use crate::support::{client, client_of, create, reader, server};

/// A server with so many tokens besides the owner's.
async fn server_with(tokens: usize) -> Server {
    let server = server().await;
    let client = client(&server);
    for number in 0..tokens {
        let _ = client.create(&reader(&format!("token {number}"))).await.unwrap();
    }
    server
}

/// A client that requests one page after the other.
async fn through_proxy(server: &Server) -> (Client, Proxy) {
    let proxy = Proxy::with_faults(server.addr(), []).await;
    (client_of(server, proxy.url()).concurrency(1).build().unwrap(), proxy)
}

#[tokio::test]
async fn a_stream_yields_every_token_once_and_in_order() {
    let server = server_with(10).await;
    let client = client(&server);
    let page = client.list().page_size(100).send().await.unwrap();
    let at_once: Vec<_> = page.tokens.into_iter().map(|token| token.id).collect();
    assert_eq!(at_once.len(), 11);
    assert!(client.list().offset(50).collect_all().await.unwrap().is_empty());
    for limit in [1, 2, 3, 10, 11, 12] {
        let streamed = client.list().page_size(limit).collect_all().await.unwrap();
        assert_eq!(streamed.into_iter().map(|token| token.id).collect::<Vec<_>>(), at_once, "pages of {limit}");
        let rest = client.list().page_size(limit).offset(4).collect_all().await.unwrap();
        assert_eq!(rest.into_iter().map(|token| token.id).collect::<Vec<_>>(), at_once[4..], "pages of {limit}");
    }
}

#[tokio::test]
async fn a_page_has_the_total_and_the_next_page() {
    let server = server_with(4).await;
    let page = client(&server).list().page_size(3).send().await.unwrap();
    assert_eq!((page.tokens.len(), page.total_count), (3, Some(5)));
    let last = page.next.unwrap().unwrap().send().await.unwrap();
    assert_eq!((last.tokens.len(), last.next.unwrap().is_none()), (2, true));
}

#[tokio::test]
async fn with_a_concurrency_of_one_a_stream_requests_one_page_in_advance() {
    let server = server_with(9).await;
    let (client, proxy) = through_proxy(&server).await;
    let mut stream = client.list().page_size(2).stream();
    assert!(proxy.seen().is_empty(), "nothing is asked for before the stream is polled");
    stream.next().await.unwrap().unwrap();
    while proxy.seen().len() < 2 {
        tokio::task::yield_now().await;
    }
    stream.next().await.unwrap().unwrap();
    assert_eq!(proxy.seen().len(), 2, "at most two pages are in memory");
    stream.next().await.unwrap().unwrap();
    while proxy.seen().len() < 3 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_stream_reports_that_the_list_changed() {
    let server = server_with(9).await;
    let direct = client(&server);
    let all = direct.list().page_size(100).collect_all().await.unwrap();
    for change in ["create", "delete"] {
        let (client, proxy) = through_proxy(&server).await;
        let mut stream = client.list().page_size(2).stream();
        let first = stream.next().await.unwrap().unwrap();
        while proxy.seen().len() < 2 {
            tokio::task::yield_now().await;
        }
        match change {
            "create" => drop(create(&direct, "came between").await),
            _ => {
                let victim = all.iter().find(|token| token.name.as_deref() == Some("token 3")).unwrap();
                direct.delete(&victim.id).await.unwrap();
            }
        }
        let mut ids = BTreeSet::from([first.id]);
        let error = loop {
            match stream.next().await {
                Some(Ok(token)) => assert!(ids.insert(token.id.clone()), "{} came twice", token.id),
                Some(Err(error)) => break error,
                None => panic!("{change}: the stream ended as if nothing had happened"),
            }
        };
        assert!(matches!(error, Error::ListChanged { .. }), "{error:?}");
        assert!(ids.len() >= 8, "what could be read was given: {}", ids.len());
        assert!(stream.next().await.is_none());
    }
}

#[tokio::test]
async fn a_repeated_or_skipped_token_means_that_the_list_changed() {
    let server = server_with(5).await;
    let link = "/api/v2/tokens?limit=2&offset=2";
    for (href, again, given) in [("/api/v2/tokens?limit=2&offset=1", 1, 6), ("/api/v2/tokens?limit=2&offset=3", 0, 5)] {
        let proxy = Proxy::with_faults(server.addr(), [Fault::Replace(link, href)]).await;
        let mut stream = client_of(&server, proxy.url()).build().unwrap().list().page_size(2).stream();
        let mut ids = BTreeSet::new();
        let error = loop {
            match stream.next().await.expect("it says so at the end") {
                Ok(token) => assert!(ids.insert(token.id.clone()), "{} came twice", token.id),
                Err(error) => break error,
            }
        };
        let told = format!("({again} tokens came twice");
        assert!(matches!(&error, Error::ListChanged(text) if text.contains(&told)), "{href}: {error:?}");
        assert_eq!(ids.len(), given, "{href}");
    }
}

/// No witness says when production does this: that it is told apart from a change is our choice.
#[tokio::test]
async fn a_single_page_with_a_wrong_total_is_the_error_wrong_total() {
    let server = server_with(2).await;
    for (total, offset) in [(9, 0), (9, 1)] {
        let told = format!("\"totalCount\":{total}");
        let told: &'static str = Box::leak(told.into_boxed_str());
        let proxy = Proxy::with_faults(server.addr(), [Fault::Replace("\"totalCount\":3", told)]).await;
        let client = client_of(&server, proxy.url()).build().unwrap();
        let mut stream = client.list().limit(100).offset(offset).stream();
        let mut read = offset;
        let error = loop {
            match stream.next().await.expect("it says so at the end") {
                Ok(_) => read += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(read, 3, "what there is was given");
        let told = format!("there are {total} tokens, but returned 3");
        assert!(matches!(&error, Error::WrongTotal(text) if text.contains(&told)), "{error:?}");
        assert!(stream.next().await.is_none());
    }
}

#[tokio::test]
async fn a_next_link_that_cannot_be_followed_is_an_error() {
    let server = server_with(5).await;
    let link = "/api/v2/tokens?limit=2&offset=2";
    for (href, reason) in [
        ("/api/v2/tokens?limit=2&offset=0", "leads back"),
        ("/api/v2/tokens?limit=2", "has no offset"),
        ("/api/v2/tokens?limit=2&offset=-2", "has no offset"),
        ("/api/v2/tokens?limit=0&offset=2", "limit"),
        ("https://elsewhere.example/api/v2/tokens?limit=2&offset=2", "another host"),
        ("//elsewhere.example/api/v2/tokens?limit=2&offset=2", "another host"),
        ("/api/v2/members?limit=2&offset=2", "list of tokens"),
    ] {
        let proxy = Proxy::with_faults(server.addr(), [Fault::Replace(link, href)]).await;
        let client = client_of(&server, proxy.url()).build().unwrap();
        let incomplete = client.list().page_size(2).collect_all().await.unwrap_err();
        assert_eq!(incomplete.tokens.len(), 2, "the page's tokens are kept");
        let error = Error::from(incomplete);
        assert!(matches!(error, Error::BadLink { .. }) && error.to_string().contains(reason), "{href}: {error}");
        assert_eq!(proxy.seen().len(), 1, "{href}");
    }
}

/// Some APIs write no next page in this way.
#[tokio::test]
async fn a_next_link_without_a_text_is_the_end() {
    let server = server_with(5).await;
    let no_text = Fault::Odd(200, |page| page["_links"]["next"] = serde_json::json!({ "href": "" }));
    let proxy = Proxy::with_faults(server.addr(), [no_text]).await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    assert_eq!(client.list().collect_all().await.unwrap().len(), 6);
}

#[tokio::test]
async fn a_stream_ends_after_an_error() {
    let server = server_with(5).await;
    let proxy = Proxy::with_faults(server.addr(), [Fault::Pass, Fault::Respond(Moment::Before, OWN_403)]).await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    let mut stream = client.list().page_size(2).stream();
    assert!(stream.next().await.unwrap().is_ok() && stream.next().await.unwrap().is_ok());
    assert!(matches!(stream.next().await, Some(Err(Error::Forbidden(_)))));
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn an_api_version_without_pages_returns_all_tokens_at_once() {
    let server = server_with(30).await;
    let client = client_of(&server, server.url()).api_version(ldtokens::ApiVersion::V20220603).build().unwrap();
    assert_eq!(client.list().collect_all().await.unwrap().len(), 31);
}

#[tokio::test]
async fn a_limit_ends_the_stream_and_requests_only_the_pages_it_needs() {
    let server = server_with(9).await;
    for (limit, pages) in [(0, 0), (1, 1), (2, 1), (3, 2), (4, 2), (100, 5)] {
        let (client, proxy) = through_proxy(&server).await;
        let tokens = client.list().page_size(2).limit(limit).collect_all().await.unwrap();
        assert_eq!(tokens.len() as u64, limit.min(10));
        assert_eq!(proxy.seen().len(), pages, "limit {limit}");

        // A slow reader gives a request in advance the time to be sent.
        let (slow, proxy) = through_proxy(&server).await;
        let mut stream = slow.list().page_size(2).limit(limit).stream();
        while let Some(token) = stream.next().await {
            slow.get(&token.unwrap().id).await.unwrap();
        }
        let lists = proxy.lines().iter().filter(|line| line.starts_with("GET /api/v2/tokens?")).count();
        assert_eq!(lists, pages, "limit {limit}");
    }
    let (client, proxy) = through_proxy(&server).await;
    client.list().limit(3).collect_all().await.unwrap();
    assert_eq!(proxy.lines(), ["GET /api/v2/tokens?limit=3"]);
}

// Our choice: a token that can't be read counts towards the limit.
#[tokio::test]
async fn a_limit_after_a_token_that_cannot_be_read_is_not_a_changed_list() {
    let server = server_with(9).await;
    let odd = Fault::Replace("\"creationDate\":", "\"creationDate\":\"x\",\"was\":");
    let proxy = Proxy::with_faults(server.addr(), [odd]).await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    let mut stream = client.list().page_size(2).limit(4).stream();
    let mut items = Vec::new();
    while let Some(item) = stream.next().await {
        items.push(item);
    }
    let unreadable = items.iter().filter(|item| matches!(item, Err(Error::Undecodable { .. }))).count();
    assert_eq!((items.len(), unreadable, proxy.seen().len()), (4, 2, 2), "{items:?}");
}

#[tokio::test]
async fn collect_all_returns_what_it_read_if_the_list_changes() {
    let server = server_with(5).await;
    let proxy = Proxy::start(server.addr(), |line| match line.contains("offset") {
        true => Fault::Pass,
        false => Fault::Replace("/api/v2/tokens?limit=2&offset=2", "/api/v2/tokens?limit=2&offset=3"),
    })
    .await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    let incomplete = client.list().page_size(2).collect_all().await.unwrap_err();
    assert!(matches!(incomplete.error, Error::ListChanged { .. }));
    assert_eq!((incomplete.tokens.len(), incomplete.all_pages), (5, false));
    assert_eq!(incomplete.to_string(), incomplete.error.to_string());
    // A page without a connection has a cause.
    let proxy = Proxy::with_faults(server.addr(), vec![Fault::Reset(Moment::Before); 9]).await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    let incomplete = client.list().collect_all().await.unwrap_err();
    let cause = std::error::Error::source(&incomplete).expect("the HTTP library's error").to_string();
    assert_eq!(cause, std::error::Error::source(&incomplete.error).unwrap().to_string());
}

// The vendor documents `totalCount` as "the number of access tokens returned".
#[tokio::test]
async fn a_total_count_per_page_is_not_a_changed_list() {
    let server = server_with(4).await;
    let count = |count| Fault::Replace("\"totalCount\":5", count);
    let faults = [count("\"totalCount\":2"), count("\"totalCount\":2"), count("\"totalCount\":1")];
    let proxy = Proxy::with_faults(server.addr(), faults).await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    assert_eq!(client.list().page_size(2).collect_all().await.unwrap().len(), 5);
    assert_eq!(proxy.seen().len(), 3, "it is read once");
}

#[tokio::test]
async fn one_token_that_cannot_be_read_does_not_hide_the_others() {
    let server = server_with(5).await;
    // In both tokens of the second page.
    let odd = Fault::Replace("\"creationDate\":", "\"creationDate\":\"x\",\"was\":");
    let proxy = Proxy::with_faults(server.addr(), [Fault::Pass, odd]).await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    let mut stream = client.list().page_size(2).stream();
    let (mut tokens, mut errors) = (0, Vec::new());
    while let Some(token) = stream.next().await {
        match token {
            Ok(_) => tokens += 1,
            Err(error) => errors.push(error),
        }
    }
    assert_eq!((tokens, errors.len()), (4, 2), "{errors:?}");
    for error in errors {
        let Error::Undecodable { token_id: Some(id), .. } = &error else { panic!("{error:?}") };
        assert_eq!(id.len(), 24);
        assert!(error.to_string().contains("creationDate") && error.to_string().contains(id), "{error}");
    }
}
