use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use ldtokens_client::{Role, Secret};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::account::Known;
use crate::builder::ServerBuilder;
use crate::faults::Faults;
use crate::http::routes::Service;
use crate::start_error::StartError;
use crate::store::{Records, StoreError};

/// A local LaunchDarkly at work. Dropping it ends it; [`stop`](Self::stop) also waits for the requests under way.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    url: String,
    admin_url: Option<String>,
    /// Which of the secrets is the owner's.
    owner: Option<usize>,
    secrets: Vec<Known>,
    service: Arc<Service>,
    stopping: watch::Sender<bool>,
    serving: Vec<JoinHandle<()>>,
}

impl Server {
    /// Begins a server.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::new()
    }

    /// A server with a new account in memory, on a free port of loopback.
    ///
    /// # Errors
    /// [`StartError`] if loopback can't be listened on.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    pub(crate) fn new(
        addr: SocketAddr,
        admin: Option<SocketAddr>,
        owner: Option<usize>,
        secrets: Vec<Known>,
        service: Arc<Service>,
        stopping: watch::Sender<bool>,
        serving: Vec<JoinHandle<()>>,
    ) -> Self {
        let url = |addr| format!("http://{addr}");
        Self { addr, url: url(addr), admin_url: admin.map(url), owner, secrets, service, stopping, serving }
    }

    /// Where it is, without the API's path: `http://127.0.0.1:8765`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address that it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where the admin endpoint is, if there is one.
    pub fn admin_url(&self) -> Option<&str> {
        self.admin_url.as_deref()
    }

    /// The secret of the owner's token, if the store was new. The store keeps only its hash.
    pub fn owner_secret(&self) -> Option<&Secret> {
        Some(&self.secrets.get(self.owner?)?.secret)
    }

    /// The secret of the account's token of this name, if the store was new: in the default account `Owner`, `Admin`,
    /// `Writer` and `Reader`.
    pub fn secret(&self, token_name: &str) -> Option<&Secret> {
        Some(&self.secrets.iter().find(|known| known.token == token_name)?.secret)
    }

    /// The secret that works for as long as this server runs, if it was [asked for](ServerBuilder::session).
    pub fn session_secret(&self) -> Option<&Secret> {
        Some(&self.service.session.as_ref()?.secret)
    }

    /// The secrets that were made up for a new store, with the names of their tokens.
    pub fn new_secrets(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.secrets.iter().filter(|known| known.is_new).map(|known| (known.token.as_str(), &known.secret))
    }

    /// What goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.service.faults
    }

    /// Gives a member another base role, which the API of tokens can't do. Personal tokens never have more than their
    /// member has, so theirs falls with it. Gives whether there is a member with this email address; if there is, the change
    /// is on disk.
    ///
    /// # Errors
    /// An error of the store, such as a full disk. Nothing was changed.
    pub async fn set_member_role(&self, email: &str, role: Role) -> io::Result<bool> {
        let email = email.to_owned();
        let set = move |records: &Records<'_>| records.set_member_role(&email, role.as_str()).map_err(StoreError::from);
        self.service.store.write(set).await.map_err(io::Error::other)
    }

    /// Takes no more requests, finishes those under way (for thirty seconds at most), and closes the store.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        for serving in &mut self.serving {
            let _ = serving.await;
        }
        // Closing waits for the disk.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.send_replace(true);
    }
}

#[cfg(test)]
mod tests {
    use crate::store::StoreError;
    use std::sync::Arc;
    use std::time::Duration;

    use super::Server;

    /// It would stay in memory for as long as the server serves.
    #[tokio::test]
    async fn a_deleted_tokens_last_use_is_forgotten() {
        let server = Server::start().await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let tokens = format!("{}/api/v2/tokens", server.url());
        let reader = server.secret("Reader").unwrap();
        let list = http.get(&tokens).header("Authorization", reader.expose()).send().await.unwrap();
        let list: serde_json::Value = list.json().await.unwrap();
        let id = list["items"][0]["_id"].as_str().unwrap();
        let token = server.service.store.read(|records| records.token(id).map_err(StoreError::from));
        let number = token.unwrap().unwrap().number;
        let last_use = server.service.store.last_use();
        assert!(last_use.of(number).is_some());
        // Once that is written, deleting it is all that can make it go.
        server.service.store.write(|_| Ok::<_, StoreError>(())).await.unwrap();
        assert!(last_use.of(number).is_some());
        let owner = server.owner_secret().unwrap();
        let deleted =
            http.delete(format!("{tokens}/{id}")).header("Authorization", owner.expose()).send().await.unwrap();
        assert_eq!(deleted.status(), 204);
        assert_eq!(last_use.of(number), None);
    }

    /// The list holds the service while there is work to do for it.
    #[tokio::test]
    async fn the_work_for_a_client_that_leaves_ends() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let server = Server::builder().seed_tokens(30_000).start().await.unwrap();
        let holders = || Arc::strong_count(&server.service);
        let idle = holders();
        let owner = server.owner_secret().unwrap().expose();
        let list = format!(
            "GET /api/v2/tokens?showAll=true HTTP/1.1\r\nHost: localhost\r\nLD-API-Version: 20220603\r\nAuthorization: {owner}\r\n\r\n"
        );
        let mut client = tokio::net::TcpStream::connect(server.addr()).await.unwrap();
        client.write_all(list.as_bytes()).await.unwrap();
        client.read_exact(&mut [0; 100_000]).await.unwrap();
        assert!(holders() > idle, "the list was whole before it was read");
        drop(client);
        let ended = async {
            while holders() > idle {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), ended).await.expect("the list is still read");
    }
}
