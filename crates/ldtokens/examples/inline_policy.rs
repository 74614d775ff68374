//! Creates a token that may only read one project and change its flags in one environment.
//!
//! `cargo run --example inline_policy`

use std::error::Error;

use ldtokens::{Actions, Client, NewToken, Policy, Resources, Statement};
use ldtokens_server::Server;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // A local LaunchDarkly. For the real one: `Client::from_env()?`.
    let server = Server::start().await?;
    let client =
        Client::builder(server.owner_secret().ok_or("the server is not new")?.clone()).host(server.url()).build()?;

    let policy = Policy::new([
        Statement::allow(Actions::only(["viewProject"]), Resources::only(["proj/mobile"])),
        Statement::allow(Actions::all(), Resources::only(["proj/mobile:env/staging:flag/*"])),
        Statement::deny(Actions::only(["deleteFlag"]), Resources::only(["proj/mobile:env/staging:flag/*"])),
    ])?;
    let issued = client.create(&NewToken::new(policy).name("Staging flags").service()).await?;

    println!("created {} with {} statements", issued.id, issued.details.inline_role.len());
    println!("the secret is {:?}; store it with issued.secret.expose()", issued.secret);
    Ok(())
}
