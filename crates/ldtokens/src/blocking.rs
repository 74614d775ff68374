//! The same client for programs that are not async. It needs the feature `blocking`.
//!
//! ```no_run
//! use ldtokens::{BaseRole, NewToken, blocking};
//!
//! let client = blocking::Client::from_env()?;
//! let issued = client.create(&NewToken::new(BaseRole::Reader).name("Nightly export"))?;
//! # let _ = issued.secret;
//! for token in client.list(|list| list.all_members(true)) {
//!     println!("{}", token?.id);
//! }
//! # Ok::<(), ldtokens::Error>(())
//! ```

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use crate::{CallerIdentity, ConfigError, Error, IssuedToken, List, NewToken, Overlap, Patch, Token, TokenId};

/// A client whose calls block the thread until they end. Each call works like the method of the same name of
/// [`ldtokens::Client`](crate::Client), and returns the same errors.
///
/// A background thread keeps the connections alive between calls. Clones share it. Don't use a blocking client in async
/// code: its calls panic there. It can be dropped there.
#[derive(Clone, Debug)]
pub struct Client {
    client: crate::Client,
    background: Arc<Background>,
}

/// The runtime of the background thread. It is empty only while it is dropped.
#[derive(Debug)]
struct Background(Option<Runtime>);

impl Background {
    fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.0.as_ref().expect("it is not dropped").block_on(work)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // In async code, dropping a runtime panics, since it waits.
        self.0.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

impl Client {
    /// A client with its settings from environment variables.
    ///
    /// # Errors
    /// [`Error::Config`], also if the background thread can't start.
    pub fn from_env() -> Result<Self, Error> {
        Self::new(crate::Client::from_env()?)
    }

    /// A blocking client that uses `client`, which [`Client::builder`](crate::Client::builder) makes.
    ///
    /// # Errors
    /// [`Error::Config`] if the background thread can't start.
    pub fn new(client: crate::Client) -> Result<Self, Error> {
        // Without a thread of its own, a runtime notices only during the next call that the server closed a connection.
        // A create could then be sent on that connection, and its outcome would be unknown.
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("ldtokens").enable_all().build();
        let runtime =
            runtime.map_err(|error| ConfigError::Setting(format!("the client's thread can't start: {error}")))?;
        Ok(Self { client, background: Arc::new(Background(Some(runtime))) })
    }

    /// Runs calls of the async client until they end. Use it for calls that have no method here.
    pub fn run<T>(&self, calls: impl AsyncFnOnce(&crate::Client) -> T) -> T {
        self.background.block_on(calls(&self.client))
    }

    /// Gets a token.
    pub fn get(&self, id: &TokenId) -> Result<Token, Error> {
        self.run(async |client| client.get(id).await)
    }

    /// Lists tokens, one at a time. `options` sets what to list. See [`List::stream`].
    pub fn list<F: FnOnce(List) -> List>(&self, options: F) -> impl Iterator<Item = Result<Token, Error>> + use<F> {
        let (mut stream, background) = (options(self.client.list()).stream(), self.background.clone());
        std::iter::from_fn(move || background.block_on(stream.next()))
    }

    /// Creates a token.
    pub fn create(&self, new_token: &NewToken) -> Result<IssuedToken, Error> {
        self.run(async |client| client.create(new_token).await)
    }

    /// Creates a token, tries again if the response is lost, and cleans up once `store` has stored the secret.
    pub fn create_or_recover<E: From<Error>>(
        &self,
        new_token: &NewToken,
        store: impl FnOnce(&IssuedToken) -> Result<(), E>,
    ) -> Result<IssuedToken, E> {
        self.run(async |client| client.create_or_recover(new_token, async |issued| store(issued)).await)
    }

    /// Applies a patch to a token.
    pub fn update(&self, id: &TokenId, patch: &Patch) -> Result<Token, Error> {
        self.run(async |client| client.update(id, patch).await)
    }

    /// Reads a token, changes it, and writes the difference.
    pub fn edit(&self, id: &TokenId, change: impl FnMut(&mut Token)) -> Result<Token, Error> {
        self.run(async |client| client.edit(id, change).await)
    }

    /// Gives a token a new secret.
    pub fn reset(&self, id: &TokenId, overlap: impl Into<Overlap>) -> Result<IssuedToken, Error> {
        self.run(async |client| client.reset(id, overlap).await)
    }

    /// Deletes a token.
    pub fn delete(&self, id: &TokenId) -> Result<(), Error> {
        self.run(async |client| client.delete(id).await)
    }

    /// Asks who the credential belongs to.
    pub fn whoami(&self) -> Result<CallerIdentity, Error> {
        self.run(async |client| client.whoami().await)
    }
}
