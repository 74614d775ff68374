//! Tests a function of your own that creates a token, with a response that gets lost.
//!
//! `cargo run --example test_your_service`

use std::error::Error;

use ldtokens::{BaseRole, Client, IssuedToken, NewToken, Secret};
use ldtokens_server::{Fault, Server};

/// The code to test: it gives each deployment a token, and puts its secret into the vault.
async fn token_for(client: &Client, deployment: &str, vault: &mut Vec<Secret>) -> Result<(), ldtokens::Error> {
    let new_token = NewToken::new(BaseRole::Reader).name(deployment).service();
    let store = async |issued: &IssuedToken| {
        vault.push(issued.secret.clone());
        Ok::<_, ldtokens::Error>(())
    };
    let issued = client.create_or_recover(&new_token, store).await?;
    for warning in &issued.warnings {
        eprintln!("{deployment}: {warning}");
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // The server carries out the first create, and its response is lost.
    let server = Server::builder().fault("postToken drop-after times=1".parse::<Fault>()?).start().await?;
    let owner = server.owner_secret().ok_or("the server is not new")?.clone();
    let client = Client::builder(owner).host(server.url()).build()?;

    let mut vault = Vec::new();
    token_for(&client, "checkout-service", &mut vault).await?;

    let with_new_secret = client.with_credential(vault.remove(0))?;
    let identity = with_new_secret.whoami().await?;
    assert_eq!(identity.token_name.as_deref(), Some("checkout-service"));
    println!("a response was lost, and the secret works all the same");
    Ok(())
}
