//! When the old secret stops working.

use std::time::{Duration, SystemTime};

use ldtokens::raw::reqwest::Method;
use ldtokens::{Client, Error, Overlap, RetryPolicy, UnixMillis};
use ldtokens_server::{Limits, Server};

use crate::clock::{JumpingClock, Skew};
use crate::proxy::Proxy;
use crate::support::{client_of, client_with_faults, create, owner, server, works};

const MINUTES: Duration = Duration::from_secs(300);

#[tokio::test]
async fn an_overlap_starts_when_the_request_is_sent() {
    for skew in [Skew::Ahead(MINUTES), Skew::Behind(MINUTES)] {
        let time = ldtokens_server::Clock::manual(UnixMillis::new(1_800_000_000_000));
        let limits = Limits::none().account(12);
        let server = Server::builder().clock(time.clone()).limits(limits).start().await.unwrap();
        let clock = JumpingClock::new(time.clone(), skew);
        let policy = RetryPolicy { deadline: Duration::from_secs(600), ..RetryPolicy::default() };
        let client = Client::builder(owner(&server)).host(server.url()).clock(clock.clone()).retry(policy);
        let client = client.build().unwrap();
        let token = create(&client, "rotated").await;
        let worker = clock.worker();
        let work = async {
            let _worker = worker;
            // Creating was one; this spends the window.
            for _ in 0..11 {
                client.get(&token.id).await.unwrap();
            }
            assert_eq!(time.now().get(), 1_800_000_000_000, "nothing has waited yet");
            // Shorter than the wait for the next window.
            client.reset(&token.id, Duration::from_secs(3)).await.unwrap()
        };
        let (issued, ()) = tokio::join!(work, clock.drive());
        assert!(time.now().get() >= 1_800_000_010_000, "it waited for a window: {skew:?}");
        let direct = |secret: ldtokens::Secret| Client::builder(secret).host(server.url()).build().unwrap();
        assert!(direct(token.secret.clone()).get(&token.id).await.is_ok(), "both work: {skew:?}");
        assert!(direct(issued.secret).get(&token.id).await.is_ok());
        time.advance(Duration::from_secs(5));
        assert!(matches!(direct(token.secret).get(&token.id).await, Err(Error::Unauthorized(_))), "{skew:?}");
    }
}

#[tokio::test]
async fn an_expiry_in_the_past_is_refused_and_shown_in_seconds_and_milliseconds() {
    let server = server().await;
    let token = create(&client_of(&server, server.url()).build().unwrap(), "kept").await;
    let (client, proxy) = client_with_faults(&server, []).await;
    let past = SystemTime::now() - Duration::from_secs(60);
    let error = client.reset(&token.id, Overlap::Until(past)).await.unwrap_err();
    assert!(matches!(error, Error::InvalidInput(_)), "{error:?}");

    let in_an_hour = UnixMillis::now().get() / 1000 + 3600;
    let path = format!("/tokens/{}/reset", token.id);
    let reset =
        |expiry: i64| client.request("resetToken", Method::POST, &path).query("expiry", &expiry.to_string()).send();
    let text = reset(in_an_hour).await.unwrap_err().to_string();
    assert!(text.contains("Jan 1970") && text.contains(&format!("did you mean {in_an_hour}000?")), "{text}");
    let seconds = UnixMillis::new(in_an_hour);
    let generated = client.call(async |raw| raw.reset_token().token_id(&token.id).expiry(seconds).send().await).await;
    assert!(matches!(generated, Err(Error::InvalidInput(_))), "{generated:?}");
    assert!(reset(-1).await.unwrap_err().to_string().contains("before 1970"));
    assert!(proxy.seen().is_empty(), "{:?}", proxy.lines());
    assert!(works(&server, &token.secret).await);

    reset(in_an_hour * 1000).await.unwrap();
    assert!(works(&server, &token.secret).await);
    reset(0).await.unwrap();
    assert!(!works(&server, &token.secret).await, "0 means at once");
}

#[tokio::test]
async fn the_servers_clock_decides_whether_an_expiry_is_in_the_past() {
    let time = ldtokens_server::Clock::manual(UnixMillis::new(1_000_000_000_000));
    let server = Server::builder().clock(time.clone()).start().await.unwrap();
    let proxy = Proxy::with_faults(server.addr(), []).await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    let token = create(&client, "rotated").await;
    // Years ago by our clock.
    let moment = time.now().to_system_time() + Duration::from_secs(60);
    let _ = client.reset(&token.id, moment).await.unwrap();
    assert!(works(&server, &token.secret).await);
    let error = client.reset(&token.id, moment - Duration::from_secs(120)).await.unwrap_err();
    assert!(matches!(error, Error::InvalidInput(_)), "{error:?}");
}

// The API reads `expiry=0` as no overlap, so a time that was never set would end the old secret at once.
#[tokio::test]
async fn an_overlap_until_1970_is_refused() {
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, []).await;
    let id = "0123456789abcdef01234567".parse().unwrap();
    let reset = client.reset(&id, UnixMillis::new(0)).await;
    assert!(matches!(reset, Err(Error::InvalidInput(_))) && proxy.seen().is_empty(), "{reset:?}");
}
