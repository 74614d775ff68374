//! Uses the client from a program that is not async.
//!
//! `cargo run --example without_async`

use std::error::Error;

use ldtokens::{BaseRole, Client, NewToken};
use ldtokens_server::Server;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;

    // A local LaunchDarkly. It runs while the runtime does, so its thread is another one.
    let (url, owner) = local_launchdarkly()?;
    let client = Client::builder(owner).host(url).build()?;

    let issued = runtime.block_on(client.create(&NewToken::new(BaseRole::Reader).name("Nightly export")))?;
    let tokens = runtime.block_on(client.list().all_members(true).collect_all())?;
    for token in tokens {
        println!("{}  {}", token.id, token.name.unwrap_or_default());
    }
    runtime.block_on(client.delete(&issued.id))?;
    Ok(())
}

fn local_launchdarkly() -> Result<(String, ldtokens::Secret), Box<dyn Error>> {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let server = Server::start().await.expect("a free port");
            let owner = server.owner_secret().expect("the server is new").clone();
            let _ = tell.send((server.url().to_string(), owner));
            std::future::pending::<()>().await;
        });
    });
    Ok(told.recv()?)
}
