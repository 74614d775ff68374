//! The local LaunchDarkly that the contenders speak to, and recordings of it.

use std::net::SocketAddr;
use std::sync::{Arc, mpsc};

use anyhow::{Context, Result};
use ldtokens::{Client, Secret};
use ldtokens_server::{Limits, Server};

use crate::stub::{self, Conditions, Seen};

/// What a contender needs to make its requests.
#[derive(Clone)]
pub(crate) struct Place {
    /// Such as `http://127.0.0.1:8765`.
    pub(crate) host: String,
    pub(crate) credential: Secret,
    pub(crate) token_id: String,
    /// How many tokens there are.
    pub(crate) tokens: u32,
}

/// A server on a thread of its own. It stops when it is dropped.
pub(crate) struct Local {
    pub(crate) place: Place,
    addr: SocketAddr,
    _running: mpsc::Sender<()>,
}

impl Local {
    /// Starts a server with `tokens` tokens in addition to its owner's.
    pub(crate) fn start(tokens: u32, limits: Limits) -> Result<Self> {
        let (tell, told) = mpsc::channel();
        let (running, ended) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            let runtime = runtime.expect("a runtime can be made");
            let started = runtime.block_on(async {
                let server = Server::builder().seed_tokens(tokens).limits(limits).start().await?;
                let credential = server.owner_secret().context("the server is new")?.clone();
                let client = Client::builder(credential.clone()).host(server.url()).build()?;
                let page = client.list().all_members(true).limit(1).send().await?;
                let token_id = page.tokens.first().context("there is a token")?.id.to_string();
                let tokens = page.total_count.context("the server counts its tokens")?.try_into()?;
                let place = Place { host: server.url().to_owned(), credential, token_id, tokens };
                anyhow::Ok((server, place))
            });
            let server = match started {
                Ok((server, place)) => {
                    let _ = tell.send(Ok((server.addr(), place)));
                    server
                }
                Err(error) => return drop(tell.send(Err(error))),
            };
            runtime.block_on(async {
                let _ = tokio::task::spawn_blocking(move || ended.recv()).await;
                server.stop().await;
            });
        });
        let (addr, place) = told.recv().context("the server starts")??;
        Ok(Self { place, addr, _running: running })
    }

    /// Starts a stub that replays this server's responses: one token, and the list in pages of `page` tokens at most.
    pub(crate) fn recorded(&self, page: u32, conditions: Conditions) -> Result<(Place, Arc<Seen>)> {
        let pages = (0..self.place.tokens.div_ceil(page)).map(|number| match number * page {
            0 => format!("/api/v2/tokens?showAll=true&limit={page}"),
            offset => format!("/api/v2/tokens?showAll=true&limit={page}&offset={offset}"),
        });
        let targets = pages.chain([format!("/api/v2/tokens/{}", self.place.token_id)]).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let recording = runtime.block_on(stub::record(self.addr, &self.place.credential, targets))?;
        let (addr, seen) = stub::play(recording, page, conditions)?;
        Ok((Place { host: format!("http://{addr}"), ..self.place.clone() }, seen))
    }
}
