//! Rotates a token and delivers the new secret to a file and to an environment file.
//!
//! `cargo run -p ldtokens-lifecycle --example rotate_and_deliver`

use std::time::Duration;

use ldtokens::{BaseRole, Client, NewToken};
use ldtokens_lifecycle::destinations::{EnvFileDestination, FileDestination};
use ldtokens_lifecycle::{Destination, Journals, Options, Rotation};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A local LaunchDarkly. For the real one: `let client = Client::from_env()?;`
    let server = ldtokens_server::Server::start().await?;
    let owner = server.owner_secret().expect("the server is new").clone();
    let client = Client::builder(owner).host(server.url()).build()?;
    let folder = tempfile::tempdir()?;
    let secret_file = folder.path().join("export.secret");
    let env_file = folder.path().join("export.env");
    let token = client.create(&NewToken::new(BaseRole::Reader).name("Nightly export").service()).await?;
    std::fs::write(&secret_file, token.secret.expose())?;

    // The journal is what a rotation that was killed is taken up from: keep it where it survives a reboot.
    let journals = Journals::open(folder.path().join("rotations"))?;
    let destinations: Vec<Box<dyn Destination>> = vec![
        Box::new(FileDestination::new(&secret_file)),
        Box::new(EnvFileDestination::new(&env_file, "LD_ACCESS_TOKEN")?),
    ];
    let report = Rotation::new(&client, token.id, destinations, Options::default().overlap(Duration::from_secs(3600)))
        .on_step(|journal| println!("{:?}", journal.step))
        .run(&journals)
        .await?;

    for delivery in &report.deliveries {
        println!("delivered to {}", delivery.label);
    }
    let delivered = std::fs::read_to_string(&secret_file)?;
    assert_ne!(delivered, token.secret.expose());
    assert!(delivered.ends_with(&report.last_four));
    assert!(std::fs::read_to_string(&env_file)?.contains(delivered.trim()));
    client.with_credential(delivered.trim())?.whoami().await?;
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
