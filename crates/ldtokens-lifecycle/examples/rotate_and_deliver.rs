//! Rotates a token whose secret is in a file. Stop it at any moment and run it again: it goes on where it was.
//!
//! `cargo run --example rotate_and_deliver`

use std::error::Error;
use std::fs;
use std::time::Duration;

use ldtokens::{BaseRole, Client, NewToken};
use ldtokens_lifecycle::destinations::FileDestination;
use ldtokens_lifecycle::{Destination, Journals, Options, Rotation};
use ldtokens_server::Server;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // A local LaunchDarkly. For the real one: `Client::from_env()?`.
    let server = Server::start().await?;
    let client =
        Client::builder(server.owner_secret().ok_or("the server is not new")?.clone()).host(server.url()).build()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("export.secret");
    let token = client.create(&NewToken::new(BaseRole::Reader).name("Nightly export")).await?;
    fs::write(&file, token.secret.expose())?;

    let journals = Journals::new(folder.path().join("journals"));
    let destinations: Vec<Box<dyn Destination>> = vec![Box::new(FileDestination::new(&file))];
    let options = Options { overlap: Some(Duration::from_secs(3600)), ..Options::default() };
    let report = Rotation::new(&client, token.id, destinations, options)
        .on_step(|journal| println!("{:?}", journal.step))
        .run(&journals)
        .await?;

    println!("the secret in the file ends in {}; the old one works for another hour", report.journal.last_four());
    Ok(())
}
