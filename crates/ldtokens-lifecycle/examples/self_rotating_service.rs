//! A service that rotates the token it uses itself: `POST /rotate` does it, and `GET /token` shows which token it is.
//!
//! `cargo run --example self_rotating_service`

use std::error::Error;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use ldtokens::{BaseRole, Client, NewToken};
use ldtokens_lifecycle::destinations::FileDestination;
use ldtokens_lifecycle::{Destination, Journals, Options, Rotation};
use ldtokens_server::Server;
use tempfile::TempDir;

struct Service {
    /// The client with the newest secret.
    client: RwLock<Client>,
    folder: TempDir,
}

impl Service {
    fn client(&self) -> Client {
        self.client.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// Gives the service's own token a new secret, stores it in a file, and uses it from now on.
    async fn rotate(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let client = self.client();
        let id = client.whoami().await?.token_id.ok_or("the credential is not an access token")?;
        let file = self.folder.path().join("service.secret");
        let journals = Journals::new(self.folder.path().join("journals"));
        let destinations: Vec<Box<dyn Destination>> = vec![Box::new(FileDestination::new(&file))];
        let options = Options { overlap: Some(Duration::from_secs(600)), forced: true, ..Options::default() };
        Rotation::new(&client, id, destinations, options).run(&journals).await?;
        let secret = std::fs::read_to_string(&file)?;
        *self.client.write().unwrap_or_else(|poisoned| poisoned.into_inner()) =
            client.with_credential(secret.trim())?;
        Ok(())
    }
}

async fn rotate(State(service): State<Arc<Service>>) -> Result<&'static str, (StatusCode, String)> {
    service.rotate().await.map_err(|error| (StatusCode::BAD_GATEWAY, error.to_string()))?;
    Ok("rotated\n")
}

async fn token(State(service): State<Arc<Service>>) -> Result<String, (StatusCode, String)> {
    let identity = service.client().whoami().await.map_err(|error| (StatusCode::BAD_GATEWAY, error.to_string()))?;
    Ok(format!("{}\n", identity.token_name.unwrap_or_default()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // A local LaunchDarkly. For the real one: `Client::from_env()?`.
    let server = Server::start().await?;
    let owner =
        Client::builder(server.owner_secret().ok_or("the server is not new")?.clone()).host(server.url()).build()?;
    let own = owner.create(&NewToken::new(BaseRole::Admin).name("The service's own")).await?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("service.secret"), own.secret.expose())?;

    let service = Service { client: RwLock::new(owner.with_credential(own.secret)?), folder };
    let app = Router::new().route("/rotate", post(rotate)).route("/token", get(token)).with_state(Arc::new(service));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });

    // What someone else would do with curl.
    let http = ldtokens::raw::reqwest::Client::builder().no_proxy().build()?;
    for (method, path) in [("GET", "token"), ("POST", "rotate"), ("GET", "token")] {
        let response = http.request(method.parse()?, format!("http://{address}/{path}")).send().await?;
        print!("{method} /{path}: {} {}", response.status(), response.text().await?);
    }
    Ok(())
}
