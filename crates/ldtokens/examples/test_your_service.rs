//! How to test code of your own: what it does when a response is lost, and when an hour has passed.
//!
//! `cargo run -p ldtokens --example test_your_service`

use std::time::Duration;

use ldtokens::{BaseRole, Client, Error, NewToken, Secret, TokenId, UnixMillis};
use ldtokens_server::{Clock, Server};

/// The code to test: gives a job its token, and a new secret every so often.
struct Provisioner {
    client: Client,
}

impl Provisioner {
    async fn provision(&self, job: &str) -> Result<(TokenId, Secret), Error> {
        let token = self.client.create_or_recover(&NewToken::new(BaseRole::Reader).name(job).service()).await?;
        Ok((token.id, token.secret))
    }

    async fn renew(&self, id: &TokenId) -> Result<Secret, Error> {
        Ok(self.client.reset(id, Duration::from_secs(3600)).await?.secret)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clock = Clock::manual(UnixMillis::now());
    let server = Server::builder()
        .clock(clock.clone())
        .fault("postToken drop-after times=1".parse()?) // the first create is carried out, and its response is lost
        .start()
        .await?;
    let owner = server.owner_secret().expect("the server is new").clone();
    let client = Client::builder(owner).host(server.url()).build()?;
    let provisioner = Provisioner { client: client.clone() };

    // A lost response costs a second token, but never a job without a secret.
    let (id, old) = provisioner.provision("Nightly export").await?;
    let works = async |secret: &Secret| client.with_credential(secret.clone())?.whoami().await;
    assert!(works(&old).await.is_ok());

    // Both secrets work for an hour, and then only the new one.
    let new = provisioner.renew(&id).await?;
    assert!(works(&old).await.is_ok());
    clock.advance(Duration::from_secs(3601));
    assert!(matches!(works(&old).await, Err(Error::Unauthorized(_))));
    assert!(works(&new).await.is_ok());
    println!("the provisioner survives a lost response, and lets the old secret end after an hour");
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
