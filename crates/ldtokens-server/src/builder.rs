use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ldtokens_client::Secret;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::access::session::Session;
use crate::account::Account;
use crate::account::seed;
use crate::clock::Clock;
use crate::connections::{self, Bounds};
use crate::faults::Faults;
use crate::faults::admin;
use crate::faults::fault::Fault;
use crate::http::hosts::Hosts;
use crate::http::limits::{Limiter, Limits};
use crate::http::response::ApiError;
use crate::http::routes::{Service, router};
use crate::operations::strictness::Strictness;
use crate::server::Server;
use crate::start_error::StartError;
use crate::store::Store;

/// Builds a [`Server`]; [`Server::builder`] begins one.
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
    session: bool,
    strict: bool,
    seed_tokens: u32,
    clock: Clock,
    limits: Limits,
    faults: Vec<Fault>,
    fault_seed: u64,
    bounds: Bounds,
}

impl ServerBuilder {
    pub(crate) fn new() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allowed_hosts: Vec::new(),
            admin: None,
            store: None,
            store_wait: Duration::ZERO,
            account: None,
            owner_secret: None,
            session: false,
            strict: false,
            seed_tokens: 0,
            clock: Clock::system(),
            limits: Limits::none(),
            faults: Vec::new(),
            fault_seed: 0,
            bounds: Bounds {
                connections: 512,
                read_timeout: Duration::from_secs(30),
                write_timeout: Duration::from_secs(30),
            },
        }
    }

    /// The address to listen on. A free port of loopback if not set; port 0 takes a free one.
    pub fn listen(mut self, addr: SocketAddr) -> Self {
        self.listen = addr;
        self
    }

    /// One more host name that requests may be for, as their `Host` header says. Others than loopback's names and addresses and
    /// the address that is listened on are refused with 403: so a web page can't reach the server by a name of its own site
    /// that leads here (DNS rebinding). Where all addresses are listened on, every address is allowed.
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.allowed_hosts.push(name.into());
        self
    }

    /// The address, of loopback, for an endpoint that makes things go wrong: `GET`, `POST` and `DELETE` of `/faults`, in
    /// [`Fault`]'s lines. None if not set.
    pub fn admin(mut self, addr: SocketAddr) -> Self {
        self.admin = Some(addr);
        self
    }

    /// The file to keep the account in, which is made if it isn't there. In memory if not set.
    ///
    /// A file `-lock` beside it keeps other servers out, and stays.
    pub fn store(mut self, path: impl Into<PathBuf>) -> Self {
        self.store = Some(path.into());
        self
    }

    /// How long to wait for another server to close the store. Not at all if not set.
    pub fn store_wait(mut self, wait: Duration) -> Self {
        self.store_wait = wait;
        self
    }

    /// What a new store begins with. A store that has an account keeps the one it has. An owner, an admin, a writer and a
    /// reader, each with a token, if not set.
    pub fn account(mut self, account: Account) -> Self {
        self.account = Some(account);
        self
    }

    /// The secret of the owner's token in a new store. A store that has an owner keeps the one it has. One is made if not
    /// set.
    pub fn owner_secret(mut self, secret: Secret) -> Self {
        self.owner_secret = Some(secret);
        self
    }

    /// Makes a secret that opens the owner's token for as long as this server runs, also in a store that has an owner
    /// already; [`Server::session_secret`] gives it. It is kept nowhere, so that who has the store's file needs no other
    /// secret to use it.
    pub fn session(mut self) -> Self {
        self.session = true;
        self
    }

    /// Refuses what LaunchDarkly is known or documented to refuse, or may refuse, and what this server otherwise takes with
    /// a warning in the log, since clients of the vendor's own send it: a `POST` or `PATCH` whose `Content-Type` is not
    /// `application/json` (415), custom roles that the account does not have (400), and the reset of another
    /// member's personal token (403).
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Puts so many more tokens into a new store, and members and custom roles for them: the same ones each time, to the
    /// millisecond. Nobody has their secrets.
    pub fn seed_tokens(mut self, count: u32) -> Self {
        self.seed_tokens = count;
        self
    }

    /// The clock to live by. The machine's if not set.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How many requests to answer in each window of ten seconds. Any number if not set.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// One more thing that goes wrong. [`Server::faults`] changes that while the server serves.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// The seed for the random choices of faults: for the same seed and the same requests they fall the same way. 0 if not set.
    pub fn fault_seed(mut self, seed: u64) -> Self {
        self.fault_seed = seed;
        self
    }

    /// The requests of how many connections to work on at once; those of further ones wait. 512 if not set.
    ///
    /// 64 more may be connected. Beyond that, of those that stand still for a second because their client neither sends nor
    /// reads, the slowest is closed, and a request that waits is answered with 503. `/healthz` is answered always.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.bounds.connections = connections;
        self
    }

    /// How long the head of a request may take to arrive, on a connection that is idle too, and how long its body. 30
    /// seconds if not set.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.bounds.read_timeout = timeout;
        self
    }

    /// How long a client may take to read the next 64 KiB of a response, or what is left of it. 30 seconds if not set.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.bounds.write_timeout = timeout;
        self
    }

    /// Opens the store, listens, and serves.
    ///
    /// # Errors
    /// [`StartError`] says what is in the way, and what to do about it. Then nothing was changed.
    pub async fn start(mut self) -> Result<Server, StartError> {
        let mut account = self.account.take().unwrap_or_default();
        if let Some(secret) = self.owner_secret.take() {
            account.set_owner_secret(secret).map_err(|reason| StartError::OwnerSecret { reason })?;
        }
        let faults = Arc::new(Faults::new(self.fault_seed));
        faults.add(self.faults)?;
        let (listener, addr) = listen(self.listen).await?;
        if !addr.ip().to_canonical().is_loopback() {
            tracing::warn!(%addr, "other machines can reach this server, and there is no TLS: secrets can be read on the way");
        }
        let admin = match self.admin {
            Some(addr) if !addr.ip().is_loopback() => return Err(StartError::AdminAddr { addr }),
            Some(addr) => Some(listen(addr).await?),
            None => None,
        };

        let shown = self.store.clone().unwrap_or_default();
        let opening = tokio::task::spawn_blocking(move || Store::open(self.store.as_deref(), self.store_wait));
        let store = opening.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        let owner = account.owner_token();
        let (seed_tokens, now) = (self.seed_tokens, self.clock.now().get());
        let has_session = self.session;
        // One transaction: if something fails, the store stays as it was.
        let filled = store.write(move |records| {
            let mut secrets = Vec::new();
            if records.is_new()? {
                secrets = account.add_to(records, now)?;
                seed::add_to(records, seed_tokens)?;
            }
            let session = if has_session { Some(Session::begin(records)?) } else { None };
            Ok((secrets, session))
        });
        let failed = |error: ApiError| StartError::Store { path: shown, reason: error.message };
        let (secrets, session) = filled.await.map_err(failed)?;

        let service = Arc::new(Service {
            store,
            hosts: Hosts::new(addr.ip(), self.allowed_hosts),
            session,
            clock: self.clock,
            strictness: Strictness { is_strict: self.strict },
            limiter: Limiter::new(self.limits),
            faults: faults.clone(),
            read_timeout: self.bounds.read_timeout,
        });
        let (stopping, stopped) = watch::channel(false);
        let mut serving =
            vec![tokio::spawn(connections::serve(listener, router(service.clone()), self.bounds, stopped.clone()))];
        let mut admin_addr = None;
        if let Some((listener, addr)) = admin {
            admin_addr = Some(addr);
            let router = admin::router(faults, Hosts::new(addr.ip(), Vec::new()));
            serving.push(tokio::spawn(connections::serve(listener, router, self.bounds, stopped)));
        }
        Ok(Server::new(addr, admin_addr, owner, secrets, service, stopping, serving))
    }
}

async fn listen(addr: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { addr, source };
    let listener = TcpListener::bind(addr).await.map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    Ok((listener, addr))
}
