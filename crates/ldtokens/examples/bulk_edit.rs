//! Edits many tokens at once, within the API's rate limits, and shows the progress.
//!
//! `cargo run -p ldtokens --example bulk_edit`

use ldtokens::{BaseRole, Client, NewToken};
use tokio::task::JoinSet;

const AT_ONCE: usize = 8;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A local LaunchDarkly. For the real one: `let client = Client::from_env()?;`
    let server = ldtokens_server::Server::start().await?;
    let owner = server.owner_secret().expect("the server is new").clone();
    let client = Client::builder(owner).host(server.url()).build()?;
    for number in 1..=40 {
        client.create(&NewToken::new(BaseRole::Reader).name(format!("Export {number}"))).await?;
    }

    let tokens = client.list().collect_all().await?;
    let mut waiting =
        tokens.into_iter().filter(|token| token.name.as_deref().is_some_and(|name| name.starts_with("Export")));
    let mut running = JoinSet::new();
    let (mut done, mut failed) = (0, Vec::new());
    loop {
        while running.len() < AT_ONCE {
            let Some(token) = waiting.next() else { break };
            // Copies of a client share what is known of the rate limit.
            let client = client.clone();
            running.spawn(async move {
                let described =
                    client.edit(&token.id, |token| token.description = Some("Owned by the data team".into())).await;
                (token.id, described)
            });
        }
        let Some(finished) = running.join_next().await else { break };
        match finished? {
            (_, Ok(_)) => done += 1,
            (id, Err(error)) => failed.push((id, error)),
        }
        eprint!("\r{done} edited, {} failed", failed.len());
    }
    eprintln!();

    assert_eq!((done, failed.len()), (40, 0), "{failed:?}");
    let tokens = client.list().collect_all().await?;
    let described = tokens.iter().filter(|token| token.description.as_deref() == Some("Owned by the data team"));
    assert_eq!(described.count(), 40);
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
