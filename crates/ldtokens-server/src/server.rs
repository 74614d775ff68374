use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ldtokens_client::{Role, Secret};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::account::TokenSecret;
use crate::connections::STOP_TIMEOUT;
use crate::faults::Faults;
use crate::http::service::Service;
use crate::store::{Records, StoreError};

/// A running local LaunchDarkly. Dropping it stops it. [`stop`](Self::stop) also waits for the requests in progress.
#[derive(Debug)]
pub struct Server {
    pub(crate) addr: SocketAddr,
    pub(crate) url: String,
    pub(crate) admin_url: Option<String>,
    /// The index of the owner's secret in `secrets`.
    pub(crate) owner: Option<usize>,
    pub(crate) secrets: Vec<TokenSecret>,
    pub(crate) service: Arc<Service>,
    /// There is a weak reference for each request in progress.
    pub(crate) in_progress: Arc<()>,
    pub(crate) stopping: watch::Sender<bool>,
    pub(crate) serving: Vec<JoinHandle<()>>,
}

impl Server {
    /// The URL of the server, without the path of the API: `http://127.0.0.1:8765`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address that the server listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The URL of the admin endpoint, if there is one.
    pub fn admin_url(&self) -> Option<&str> {
        self.admin_url.as_deref()
    }

    /// The secret of the owner's token, if the store is new. The store has only its hash.
    pub fn owner_secret(&self) -> Option<&Secret> {
        Some(&self.secrets.get(self.owner?)?.secret)
    }

    /// The secret of the token with this name, if the store is new and the token is one of the account. The default account has
    /// the tokens `Owner`, `Admin`, `Writer` and `Reader`.
    pub fn secret(&self, token_name: &str) -> Option<&Secret> {
        Some(&self.secrets.iter().find(|secret| secret.token == token_name)?.secret)
    }

    /// The secret that works while this server runs, if [`ServerBuilder::session`](crate::ServerBuilder::session) was called.
    pub fn session_secret(&self) -> Option<&Secret> {
        Some(&self.service.session_secret.as_ref()?.secret)
    }

    /// The random secrets of a new store, with the names of their tokens.
    pub fn new_secrets(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.secrets.iter().filter(|secret| secret.is_random).map(|secret| (secret.token.as_str(), &secret.secret))
    }

    /// The injected faults.
    pub fn faults(&self) -> &Faults {
        &self.service.faults
    }

    /// Gives a member another base role, which the API of tokens can't do. The permissions of the member's personal tokens change
    /// with it. Returns whether the account has a member with this email address. When this returns, the change is on the disk.
    ///
    /// # Errors
    /// An error of the store, such as a full disk. Nothing was changed.
    pub async fn set_member_role(&self, email: &str, role: Role) -> io::Result<bool> {
        let email = email.to_owned();
        let set = move |records: &Records<'_>| records.set_member_role(&email, role.as_str()).map_err(StoreError::from);
        self.service.store.write(set).await.map_err(io::Error::other)
    }

    /// Removes a member, as when someone leaves, which the API of tokens can't do. The member's personal tokens are refused from then
    /// on, and service tokens that the member created go on working. Returns whether the account had a member with this email
    /// address. When this returns, the change is on the disk.
    ///
    /// # Errors
    /// An error of the store, such as a full disk. Nothing was changed.
    pub async fn remove_member(&self, email: &str) -> io::Result<bool> {
        let email = email.to_owned();
        let remove = move |records: &Records<'_>| records.remove_member(&email).map_err(StoreError::from);
        self.service.store.write(remove).await.map_err(io::Error::other)
    }

    /// How many requests have arrived, whose responses are not ready yet.
    pub fn requests_in_progress(&self) -> usize {
        Arc::weak_count(&self.in_progress)
    }

    /// How long [`stop`](Self::stop) waits for requests in progress: five seconds.
    pub const STOP_TIMEOUT: Duration = STOP_TIMEOUT;

    /// Accepts no more requests, finishes those in progress within five seconds, and closes the store. Injected delays end at once.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        let requests = self.requests_in_progress();
        if requests > 0 {
            tracing::info!(requests, "stopping: requests in progress have five seconds to finish");
        }
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

    /// Otherwise it would stay in memory while the server runs.
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
        // Once it is written to the store, only the deletion can remove it from memory.
        server.service.store.write(|_| Ok::<_, StoreError>(())).await.unwrap();
        assert!(last_use.of(number).is_some());
        let owner = server.owner_secret().unwrap();
        let deleted =
            http.delete(format!("{tokens}/{id}")).header("Authorization", owner.expose()).send().await.unwrap();
        assert_eq!(deleted.status(), 204);
        assert_eq!(last_use.of(number), None);
    }

    /// A list that is being sent holds the store.
    #[tokio::test]
    async fn a_list_is_read_no_further_once_its_client_has_left() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let server = Server::builder().seed_tokens(15_000).start().await.unwrap();
        let holders = || Arc::strong_count(&server.service.store);
        let idle = holders();
        let owner = server.owner_secret().unwrap().expose();
        let list = format!(
            "GET /api/v2/tokens?showAll=true HTTP/1.1\r\nHost: localhost\r\nLD-API-Version: 20220603\r\nAuthorization: {owner}\r\n\r\n"
        );
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        let mut client = socket.connect(server.addr()).await.unwrap();
        client.write_all(list.as_bytes()).await.unwrap();
        client.read_exact(&mut [0; 100_000]).await.unwrap();
        assert!(holders() > idle, "the whole list was sent before the client read it");
        drop(client);
        let ended = async {
            while holders() > idle {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), ended).await.expect("the list is still being read");
    }
}
