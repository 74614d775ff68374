//! Uses the client from a program that is not async.
//!
//! `cargo run --example without_async`

use std::error::Error;

use ldtokens::{BaseRole, Client, NewToken, blocking};
use ldtokens_server::Server;

fn main() -> Result<(), Box<dyn Error>> {
    // A local LaunchDarkly. Your program would use `blocking::Client::from_env()` and need no runtime.
    let runtime = tokio::runtime::Runtime::new()?;
    let server = runtime.block_on(Server::start())?;
    let owner = server.owner_secret().ok_or("the server is new")?.clone();
    let client = blocking::Client::new(Client::builder(owner).host(server.url()).build()?)?;

    let issued = client.create(&NewToken::new(BaseRole::Reader).name("Nightly export"))?;
    for token in client.list(|list| list.all_members(true)) {
        let token = token?;
        println!("{}  {}", token.id, token.name.unwrap_or_default());
    }
    client.delete(&issued.id)?;
    Ok(())
}
