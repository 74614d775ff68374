//! Puts the owning team into the description of 300 tokens, under a rate limit, and shows the progress.
//!
//! `cargo run --example bulk_edit`

use std::error::Error;
use std::sync::Arc;

use ldtokens::{Client, TokenId};
use ldtokens_server::Server;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const AT_ONCE: usize = 8;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // A local LaunchDarkly with a rate limit. For the real one: `Client::from_env()?`.
    let server = Server::builder().seed_tokens(300).start().await?;
    let client =
        Client::builder(server.owner_secret().ok_or("the server is not new")?.clone()).host(server.url()).build()?;

    let tokens = client.list().all_members(true).collect_all().await?;
    let total = tokens.len();
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut edits = JoinSet::new();
    for token in tokens {
        let (client, slots) = (client.clone(), slots.clone());
        edits.spawn(async move {
            let _slot = slots.acquire().await;
            let result = describe(&client, &token.id).await;
            (token.id, result)
        });
    }

    let (mut done, mut failed) = (0, 0);
    while let Some(edit) = edits.join_next().await {
        match edit? {
            (_, Ok(())) => done += 1,
            (id, Err(error)) => {
                failed += 1;
                eprintln!("{id}: {error}");
            }
        }
        if (done + failed) % 100 == 0 {
            println!("{} of {total}", done + failed);
        }
    }
    println!("{done} tokens edited, {failed} failed");
    Ok(())
}

/// The clones of a client share what they know of the rate limit, so all edits together keep to it.
async fn describe(client: &Client, id: &TokenId) -> Result<(), ldtokens::Error> {
    client.edit(id, |token| token.description = Some("Team: platform".into())).await?;
    Ok(())
}
