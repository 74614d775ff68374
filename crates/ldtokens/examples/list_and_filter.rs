//! Finds the tokens of the whole account that nobody has used for 90 days.
//!
//! `cargo run -p ldtokens --example list_and_filter`

use std::time::Duration;

use ldtokens::{BaseRole, Client, NewToken, Token, UnixMillis};

const NINETY_DAYS: Duration = Duration::from_secs(90 * 86_400);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A local LaunchDarkly whose clock we set. For the real one: `let client = Client::from_env()?;`
    let clock = ldtokens_server::Clock::manual(UnixMillis::now());
    let server = ldtokens_server::Server::builder().clock(clock.clone()).seed_tokens(250).start().await?;
    let owner = server.owner_secret().expect("the server is new").clone();
    let client = Client::builder(owner).host(server.url()).build()?;
    clock.advance(2 * NINETY_DAYS);
    client.create(&NewToken::new(BaseRole::Reader).name("made today")).await?;

    let now = client.server_time();
    let is_stale = |token: &Token| {
        // One that was never used counts from its creation, so that a new one is not taken for stale.
        let last_seen = token.last_used.unwrap_or(token.creation_date).to_system_time();
        now.duration_since(last_seen).is_ok_and(|idle| idle > NINETY_DAYS)
    };

    let mut stale = Vec::new();
    let mut tokens = client.list().all_members(true).stream();
    while let Some(token) = tokens.next().await {
        let token = token?;
        if is_stale(&token) {
            stale.push(token.name.unwrap_or_else(|| token.id.to_string()));
        }
    }
    println!("{} stale tokens, of which the first is {:?}", stale.len(), stale.first());

    assert!(stale.len() >= 250);
    assert!(!stale.contains(&"made today".to_owned()));
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
