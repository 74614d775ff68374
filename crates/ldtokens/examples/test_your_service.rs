//! Tests a function of your own that creates a token, with a response that gets lost.
//!
//! `cargo run --example test_your_service`

use std::error::Error;

use ldtokens::{BaseRole, Client, NewToken, Secret};
use ldtokens_server::{Fault, Server};

/// The code to test: it gives each deployment a token.
async fn token_for(client: &Client, deployment: &str) -> Result<Secret, ldtokens::Error> {
    let new_token = NewToken::new(BaseRole::Reader).name(deployment).service();
    let issued = client.create_or_recover(&new_token).await?;
    for warning in &issued.warnings {
        eprintln!("{deployment}: {warning}");
    }
    Ok(issued.secret)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // The server carries out the first create, and its response is lost.
    let server = Server::builder().fault("postToken drop-after times=1".parse::<Fault>()?).start().await?;
    let owner = server.owner_secret().ok_or("the server is not new")?.clone();
    let client = Client::builder(owner).host(server.url()).build()?;

    let secret = token_for(&client, "checkout-service").await?;

    let with_new_secret = client.with_credential(secret)?;
    let identity = with_new_secret.whoami().await?;
    assert_eq!(identity.token_name.as_deref(), Some("checkout-service"));
    println!("a response was lost, and the secret works all the same");
    Ok(())
}
