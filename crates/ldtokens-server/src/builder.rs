use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ldtokens_client::Secret;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::access::SessionSecret;
use crate::account::Account;
use crate::clock::Clock;
use crate::connections::places::Places;
use crate::connections::{self, ConnectionLimits};
use crate::faults::Faults;
use crate::faults::fault::{Fault, InvalidFault};
use crate::http::admin;
use crate::http::hosts::Hosts;
use crate::http::limits::{Limiter, Limits};
use crate::http::router;
use crate::http::service::Service;
use crate::operations::token_rules::Strictness;
use crate::response::ApiError;
use crate::server::Server;
use crate::store::Store;

/// Builds a [`Server`]. [`Server::builder`] returns one.
#[derive(Debug)]
#[must_use = "nothing is served until `start` is called"]
pub struct ServerBuilder {
    listen: SocketAddr,
    allowed_hosts: Vec<String>,
    admin: Option<SocketAddr>,
    store: Option<PathBuf>,
    store_wait: Duration,
    account: Option<Account>,
    owner_secret: Option<Secret>,
    has_session_secret: bool,
    strict: bool,
    seed_tokens: u32,
    clock: Clock,
    limits: Limits,
    faults: Vec<Fault>,
    fault_seed: u64,
    connection_limits: ConnectionLimits,
}

impl Server {
    /// Returns a builder with the default settings.
    pub fn builder() -> ServerBuilder {
        ServerBuilder {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allowed_hosts: Vec::new(),
            admin: None,
            store: None,
            store_wait: Duration::ZERO,
            account: None,
            owner_secret: None,
            has_session_secret: false,
            strict: false,
            seed_tokens: 0,
            clock: Clock::system(),
            limits: Limits::none(),
            faults: Vec::new(),
            fault_seed: 0,
            connection_limits: ConnectionLimits {
                requests: 512,
                read_timeout: Duration::from_secs(30),
                write_timeout: Duration::from_secs(30),
            },
        }
    }

    /// Starts a server with a new account in memory, on a free port of loopback.
    ///
    /// # Errors
    /// [`StartError`] if the server can't listen on loopback.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }
}

impl ServerBuilder {
    /// Sets the address to listen on. Port 0 takes a free port. The default is a free port on loopback.
    pub fn listen(mut self, addr: SocketAddr) -> Self {
        self.listen = addr;
        self
    }

    /// Allows one more host name in the `Host` header of requests. Allowed without it are `localhost`, loopback addresses and the
    /// address that the server listens on, or every address if it listens on all. A request for another host is refused with
    /// 403, so that a web page can't reach the server through a name of its own site (DNS rebinding).
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.allowed_hosts.push(name.into());
        self
    }

    /// Opens an endpoint on this address, which must be one of loopback, that changes the faults, the clock and the account while the
    /// server runs, as the manual says. By default there is none. The same routes are below `/admin` on the main port, for the
    /// owner's credential.
    pub fn admin(mut self, addr: SocketAddr) -> Self {
        self.admin = Some(addr);
        self
    }

    /// Keeps the account in this file, which is created if it does not exist. By default it is kept in memory.
    ///
    /// The lock file beside it, whose name ends in `-lock`, keeps other servers out. It is not removed.
    pub fn store(mut self, path: impl Into<PathBuf>) -> Self {
        self.store = Some(path.into());
        self
    }

    /// Sets how long to wait for another server to close the store. By default, the start fails at once.
    pub fn store_wait(mut self, wait: Duration) -> Self {
        self.store_wait = wait;
        self
    }

    /// Sets the account of a new store. A store that has an account keeps it. The default is [`Account::default`].
    pub fn account(mut self, account: Account) -> Self {
        self.account = Some(account);
        self
    }

    /// Sets the secret of the owner's token in a new store. A store that has an account keeps its secrets. By default, the secret
    /// is random.
    pub fn owner_secret(mut self, secret: Secret) -> Self {
        self.owner_secret = Some(secret);
        self
    }

    /// Creates a second secret of the owner's token, which works while this server runs and is not stored.
    /// [`Server::session_secret`] returns it. So a store that has an account can be used without knowing any of its secrets.
    pub fn session(mut self) -> Self {
        self.has_session_secret = true;
        self
    }

    /// Refuses what LaunchDarkly refuses, or may refuse, and what this server otherwise accepts with a warning in the log, since
    /// the vendor's own clients send it: a `POST` or `PATCH` whose `Content-Type` is not `application/json` (415); custom roles
    /// that the account does not have, properties that the operation does not have, an old API version for a new token, and an
    /// expiry that has passed (400); and the reset of another member's personal token (403).
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Adds `count` tokens to a new store, with members and custom roles for them. They are the same ones each time, and nobody
    /// has their secrets.
    pub fn seed_tokens(mut self, count: u32) -> Self {
        self.seed_tokens = count;
        self
    }

    /// Sets the clock. The default is the machine's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the rate limits. By default there are none.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds a fault. [`Server::faults`] changes the faults while the server runs.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Sets the seed for the random choices of faults: the same seed and the same requests give the same faults. The default is 0.
    pub fn fault_seed(mut self, seed: u64) -> Self {
        self.fault_seed = seed;
        self
    }

    /// Sets the maximum number of requests that are handled at once; further ones wait. The default is 512.
    ///
    /// 64 more connections may be open, or fewer if the limit on open files leaves no room for them. Beyond that, the connection whose client has neither sent nor read anything for longest,
    /// and for a second at least, is closed. If there is none, the request that has waited longest gets a 503. `/healthz` always
    /// responds.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.connection_limits.requests = connections;
        self
    }

    /// Sets how long the head of a request may take to arrive, also on an idle connection, and how long its body. The default is
    /// 30 seconds for each. While 256 bodies are arriving, or 64 from one address, the next one takes the place of the one that
    /// has taken longest, and for a second at least, which gets a 408. Without a working credential, no body is read.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.connection_limits.read_timeout = timeout;
        self
    }

    /// Sets how long a client may take to read the next 64 KiB of a response, or the rest of it. The default is 30 seconds.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.connection_limits.write_timeout = timeout;
        self
    }

    /// Opens the store and starts the server.
    ///
    /// # Errors
    /// [`StartError`] says what is wrong, and what to do. Nothing was changed.
    pub async fn start(mut self) -> Result<Server, StartError> {
        let mut account = self.account.take().unwrap_or_default();
        if let Some(secret) = self.owner_secret.take() {
            account.set_owner_secret(secret).map_err(|reason| StartError::OwnerSecret { reason })?;
        }
        let faults = Arc::new(Faults::new(self.fault_seed));
        faults.add(self.faults).map_err(StartError::Fault)?;
        let (listener, addr) = listen(self.listen).await?;
        if !addr.ip().to_canonical().is_loopback() {
            tracing::warn!(%addr, "other machines can reach this server, and there is no TLS: secrets can be read on the network");
        }
        let admin = match self.admin {
            Some(addr) if !addr.ip().is_loopback() => return Err(StartError::AdminAddr { addr }),
            Some(addr) => Some(listen(addr).await?),
            None => None,
        };

        let path = self.store.clone().unwrap_or_default();
        let store_error = |reason| StartError::Store { path, reason };
        let opening = tokio::task::spawn_blocking(move || Store::open(self.store.as_deref(), self.store_wait));
        let opened = opening.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        let store = match opened {
            Ok(store) => store,
            Err(reason) => return Err(store_error(reason)),
        };
        let owner = account.owner_token();
        account.seeded = self.seed_tokens;
        let secrets = account.complete();
        let start = Arc::new(account);
        let has_session_secret = self.has_session_secret;
        // One transaction: if something fails, the store stays as it was.
        let filled = store.write({
            let (start, clock) = (start.clone(), self.clock.clone());
            move |records| {
                let is_new = records.is_new()?;
                if is_new {
                    start.clock().into_iter().for_each(|moment| clock.set(moment));
                    start.add_to(records, clock.now().get())?;
                }
                let session_secret = if has_session_secret { Some(SessionSecret::create(records)?) } else { None };
                Ok((is_new, session_secret))
            }
        });
        let (is_new, session_secret) =
            filled.await.map_err(|error: ApiError| store_error(error.message.into_owned()))?;
        let (start, secrets) = if is_new { (Some(start), secrets) } else { (None, Vec::new()) };

        let (stopping, stopped) = watch::channel(false);
        let service = Arc::new(Service {
            store: Arc::new(store),
            hosts: Hosts::new(addr.ip(), self.allowed_hosts),
            session_secret,
            clock: self.clock,
            strictness: Strictness { is_strict: self.strict },
            limiter: Limiter::new(self.limits),
            faults,
            start,
            bodies: Places::new(),
            stopping: stopped.clone(),
            read_timeout: self.connection_limits.read_timeout,
        });
        let in_progress = Arc::new(());
        let mut serving = vec![tokio::spawn(connections::serve(
            listener,
            router(service.clone()),
            self.connection_limits,
            in_progress.clone(),
            stopped.clone(),
        ))];
        let mut admin_url = None;
        if let Some((listener, addr)) = admin {
            admin_url = Some(format!("http://{addr}"));
            let router = admin::router(service.clone(), Hosts::new(addr.ip(), Vec::new()));
            let limits = self.connection_limits;
            serving.push(tokio::spawn(connections::serve(listener, router, limits, in_progress.clone(), stopped)));
        }
        let url = format!("http://{addr}");
        Ok(Server { addr, url, admin_url, owner, secrets, service, in_progress, stopping, serving })
    }
}

async fn listen(addr: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { addr, source };
    let listener = TcpListener::bind(addr).await.map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    Ok((listener, addr))
}

/// Why the server did not start. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The server can't listen on the address.
    #[error("{}", cannot_listen(addr, source))]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// The address of the admin endpoint is not one of loopback. Anyone who reaches it can inject faults.
    #[error(
        "the admin endpoint can't listen on {addr}: it is for this machine alone; choose an address of loopback, such as 127.0.0.1:0"
    )]
    AdminAddr {
        /// The address.
        addr: SocketAddr,
    },
    /// The store can't be opened.
    #[error("cannot open the store {}: {reason}", path.display())]
    Store {
        /// The store's file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The secret given for the owner is invalid.
    #[error("the owner's secret is invalid: {reason}")]
    OwnerSecret {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A fault is invalid.
    #[error("{0}")]
    Fault(InvalidFault),
}

fn cannot_listen(addr: &SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "{addr} is in use: stop the program that listens there, or choose another port (0 takes a free one)"
            )
        }
        _ => format!("cannot listen on {addr}: {error}"),
    }
}
