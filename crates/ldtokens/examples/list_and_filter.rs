//! Lists the service tokens that nobody has used for 90 days.
//!
//! `cargo run --example list_and_filter`

use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ldtokens::{BaseRole, Client, NewToken, Token};
use ldtokens_server::Server;

const UNUSED_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // A local LaunchDarkly with 200 tokens. For the real one: `Client::from_env()?`.
    let server = Server::builder().seed_tokens(200).start().await?;
    let client =
        Client::builder(server.owner_secret().ok_or("the server is not new")?.clone()).host(server.url()).build()?;
    let _ = client.create(&NewToken::new(BaseRole::Reader).name("Made just now").service()).await?;

    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let before = (now - UNUSED_FOR).as_millis() as i64;
    let mut tokens = client.list().all_members(true).stream();
    let (mut listed, mut unused) = (0, 0);
    while let Some(token) = tokens.next().await {
        let token = token?;
        listed += 1;
        if token.service_token == Some(true) && last_activity(&token) < before {
            unused += 1;
            println!("{}  {}", token.id, token.name.unwrap_or_default());
        }
    }
    println!("{unused} of {listed} tokens are service tokens that nobody has used for 90 days");
    Ok(())
}

/// When the token was last used, or else created, as a Unix time in milliseconds.
fn last_activity(token: &Token) -> i64 {
    token.last_used.unwrap_or(token.creation_date).get()
}
