//! An axum service that rotates its own token while it serves.
//!
//! `cargo run -p ldtokens-lifecycle --example axum_service`

use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use ldtokens::{BaseRole, Client, NewToken, raw::reqwest};
use ldtokens_lifecycle::destinations::FileDestination;
use ldtokens_lifecycle::{Destination, Journals, Options, Rotation};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// What the service's handlers share.
#[derive(Clone)]
struct Service {
    client: Arc<RwLock<Client>>,
    /// The secret that the service starts with the next time.
    secret_file: PathBuf,
}

impl Service {
    fn client(&self) -> Client {
        self.client.read().unwrap().clone()
    }

    /// Gives the service's own token a new secret. Call it from a timer; it can be stopped at any moment.
    async fn rotate(&self, journals: &Journals) -> Result<(), Error> {
        let client = self.client();
        let own = client.whoami().await?.token_id.ok_or("the credential is no access token")?;
        let destinations: Vec<Box<dyn Destination>> = vec![Box::new(FileDestination::new(&self.secret_file))];
        // Requests that are under way end with the old secret, within the overlap.
        let options = Options::default().overlap(Duration::from_secs(600));
        Rotation::new(&client, own, destinations, options).run(journals).await?;
        let secret = std::fs::read_to_string(&self.secret_file)?;
        *self.client.write().unwrap() = client.with_credential(secret.trim())?;
        Ok(())
    }
}

async fn count_tokens(State(service): State<Service>) -> Result<String, StatusCode> {
    let page = service.client().list().send().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    Ok(page.tokens.len().to_string())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // A local LaunchDarkly, and a token for the service. For the real one: `let client = Client::from_env()?;`
    let server = ldtokens_server::Server::start().await?;
    let owner =
        Client::builder(server.owner_secret().expect("the server is new").clone()).host(server.url()).build()?;
    let token = owner.create(&NewToken::new(BaseRole::Admin).name("The service's own")).await?;
    let folder = tempfile::tempdir()?;
    let secret_file = folder.path().join("service.secret");
    std::fs::write(&secret_file, token.secret.expose())?;
    let service = Service { client: Arc::new(RwLock::new(owner.with_credential(token.secret.clone())?)), secret_file };

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/tokens", listener.local_addr()?);
    let routes = Router::new().route("/tokens", get(count_tokens)).with_state(service.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });

    assert_eq!(reqwest::get(&url).await?.error_for_status()?.text().await?, "2");
    service.rotate(&Journals::open(folder.path().join("rotations"))?).await?;
    assert_eq!(reqwest::get(&url).await?.error_for_status()?.text().await?, "2");

    let kept = std::fs::read_to_string(&service.secret_file)?;
    assert_ne!(kept.trim(), token.secret.expose());
    println!("the service has rotated its own token, and went on serving");
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
