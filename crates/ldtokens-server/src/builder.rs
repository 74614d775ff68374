use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use ldtokens_client::Secret;
use serde_json::json;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::limits::{Limiter, Limits};
use crate::middleware;
use crate::routes::{Service, router};
use crate::secrets;
use crate::server::Server;
use crate::start_error::StartError;
use crate::store::{Member, Records, Store, StoredToken};

/// Builds a [`Server`]; [`Server::builder`] begins one.
#[derive(Debug)]
#[must_use = "nothing is served until `start` is called"]
pub struct ServerBuilder {
    listen: SocketAddr,
    store: Option<PathBuf>,
    owner_secret: Option<Secret>,
    clock: Clock,
    limits: Limits,
    seed_tokens: u32,
}

impl ServerBuilder {
    pub(crate) fn new() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            store: None,
            owner_secret: None,
            clock: Clock::system(),
            limits: Limits::none(),
            seed_tokens: 0,
        }
    }

    /// The address to listen on. A free port of loopback if not set; port 0 takes a free one.
    pub fn listen(mut self, addr: SocketAddr) -> Self {
        self.listen = addr;
        self
    }

    /// The file to keep the account in, which is made if it isn't there. In memory if not set.
    pub fn store(mut self, path: impl Into<PathBuf>) -> Self {
        self.store = Some(path.into());
        self
    }

    /// The secret of the owner's token in a new store. A store that has an owner keeps the one it has. One is made if not
    /// set.
    pub fn owner_secret(mut self, secret: Secret) -> Self {
        self.owner_secret = Some(secret);
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

    /// Puts so many service tokens into a new store, the same ones each time. Nobody has their secrets.
    pub fn seed_tokens(mut self, count: u32) -> Self {
        self.seed_tokens = count;
        self
    }

    /// Opens the store, listens, and serves.
    ///
    /// # Errors
    /// [`StartError`] says what is in the way, and what to do about it. Then nothing was changed.
    pub async fn start(self) -> Result<Server, StartError> {
        let given = self.owner_secret.map(check_owner_secret).transpose()?;
        let listener =
            TcpListener::bind(self.listen).await.map_err(|source| StartError::Listen { addr: self.listen, source })?;
        let addr = listener.local_addr().map_err(|source| StartError::Listen { addr: self.listen, source })?;
        let (path, now) = (self.store.clone(), self.clock.now().get());
        let opened = tokio::task::spawn_blocking(move || {
            let store = Store::open(self.store.as_deref())?;
            let owner_secret = store
                .write(|records| new_account(records, given, self.seed_tokens, now))
                .map_err(|error| StartError::Store { path: path.unwrap_or_default(), reason: error.to_string() })?;
            Ok((store, owner_secret))
        });
        let (store, owner_secret) =
            opened.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        let service = Arc::new(Service { store, clock: self.clock, limiter: Limiter::new(self.limits) });
        Ok(Server::serve(listener, addr, app(service), owner_secret))
    }
}

fn app(service: Arc<Service>) -> Router {
    router(service.clone()).layer(axum::middleware::from_fn_with_state(service, middleware::around))
}

fn check_owner_secret(secret: Secret) -> Result<Secret, StartError> {
    let text = secret.expose();
    let reason = if text.len() < 16 {
        "it is shorter than 16 characters"
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        "it has characters other than visible ASCII"
    } else {
        return Ok(secret);
    };
    Err(StartError::OwnerSecret { reason })
}

/// Puts the owner and the owner's token into a new store. Gives the token's secret, if the store was new.
fn new_account(
    records: &Records<'_>,
    given: Option<Secret>,
    seed_tokens: u32,
    now: i64,
) -> rusqlite::Result<Option<Secret>> {
    if !records.is_new()? {
        return Ok(None);
    }
    let secret = given.unwrap_or_else(secrets::new_secret);
    let member = Member {
        id: secrets::new_id(),
        email: "owner@example.com".to_owned(),
        role: "owner".to_owned(),
        first_name: "Olive".to_owned(),
        last_name: "Owner".to_owned(),
    };
    records.add_member(&member)?;
    let id = secrets::new_id();
    let document = json!({
        "_id": id,
        "ownerId": member.id,
        "memberId": member.id,
        "name": "Owner",
        "description": "Made with the store",
        "creationDate": now,
        "lastModified": now,
        "role": "admin",
        "token": secret.last_four(),
        "serviceToken": false,
        "defaultApiVersion": 20240415,
    });
    let owner = StoredToken { id: id.clone(), member: member.clone(), service: false, last_used: None, document };
    records.add_token(&owner)?;
    records.add_secret(&id, &secrets::hash(secret.expose()))?;
    (0..seed_tokens).try_for_each(|number| records.add_token(&seed_token(number, &member, now)))?;
    Ok(Some(secret))
}

/// The token number `number` of a large account: always the same, but for its member and its age.
fn seed_token(number: u32, member: &Member, now: i64) -> StoredToken {
    const JOBS: [&str; 6] = ["Nightly export", "Flag cleanup", "Terraform", "Release bot", "Audit", "Canary"];
    const ROLES: [&str; 4] = ["reader", "reader", "writer", "admin"];
    let pick = |list: &[&'static str]| list[number as usize % list.len()];
    let id = format!("5eed{number:020x}");
    let created = now - i64::from(number % 1000 + 1) * 86_400_000;
    let document = json!({
        "_id": id,
        "ownerId": member.id,
        "memberId": member.id,
        "name": format!("{} {number}", pick(&JOBS)),
        "description": "Made up, to fill the account",
        "creationDate": created,
        "lastModified": created,
        "role": pick(&ROLES),
        "token": format!("{number:04x}"),
        "serviceToken": true,
        "defaultApiVersion": 20240415,
    });
    StoredToken { id, member: member.clone(), service: true, last_used: None, document }
}
