//! The workers of this program: the facade, a client written by hand with reqwest and serde_json, and one that gets only the
//! bytes.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use ldtokens::{Client, TokenId};
use reqwest::header::{ACCEPT, AUTHORIZATION};
use serde::Deserialize;

/// The number of tokens on the page that `page` requests.
pub(crate) const PAGE: u32 = 1_000;
/// The number of tokens on each page that `stream` reads.
pub(crate) const STREAM_PAGE: u32 = 200;

/// Does what the parent process requests, until it closes standard input.
pub(crate) fn work(name: &str) -> Result<()> {
    let runtime = if name.ends_with("-many") {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?
    } else {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?
    };
    let [host, credential, token_id] =
        ["BENCH_HOST", "LD_ACCESS_TOKEN", "BENCH_TOKEN"].map(|name| std::env::var(name).unwrap_or_default());
    let facade = Client::builder(credential.clone()).host(&host).build()?;
    let id: TokenId = token_id.parse()?;
    let hand = ByHand::new(host, credential)?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (what, times) = line.split_once(' ').context("the parent says how often")?;
        let times: u32 = times.parse()?;
        let taken = match name.trim_end_matches("-many") {
            "facade" => runtime.block_on(by_facade(&facade, &id, what, times))?,
            "hand" => runtime.block_on(hand.work(&token_id, what, times))?,
            _ => anyhow::bail!("there is no worker {name}"),
        };
        println!("{taken}");
        std::io::stdout().flush()?;
    }
    Ok(())
}

async fn by_facade(client: &Client, id: &TokenId, what: &str, times: u32) -> Result<f64> {
    let begun = Instant::now();
    for _ in 0..times {
        match what {
            "call" => drop(client.get(id).await?),
            "page" => {
                let page = client.list().all_members(true).page_size(PAGE.into()).send().await?;
                anyhow::ensure!(page.tokens.len() == PAGE as usize, "the page is not full");
            }
            "stream" => {
                let mut tokens = client.list().all_members(true).page_size(STREAM_PAGE.into()).stream();
                while let Some(token) = tokens.next().await {
                    token?;
                }
            }
            "peak" => return peak(),
            _ => anyhow::bail!("the facade can't do {what}"),
        }
    }
    Ok(begun.elapsed().as_secs_f64() / f64::from(times))
}

/// A client as someone would write it from the API's documentation, only to get tokens.
struct ByHand {
    http: reqwest::Client,
    base: String,
    credential: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)] // decoded, as a real client would
struct Token {
    #[serde(rename = "_id")]
    id: String,
    owner_id: String,
    member_id: String,
    #[serde(rename = "_member")]
    member: Option<Member>,
    name: Option<String>,
    description: Option<String>,
    creation_date: i64,
    last_modified: i64,
    last_used: Option<i64>,
    custom_role_ids: Option<Vec<String>>,
    inline_role: Option<serde_json::Value>,
    role: Option<String>,
    token: Option<String>,
    service_token: Option<bool>,
    #[serde(rename = "_links")]
    links: HashMap<String, Link>,
    default_api_version: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)] // decoded, as a real client would
struct Member {
    #[serde(rename = "_id")]
    id: String,
    email: String,
    role: String,
    first_name: Option<String>,
    last_name: Option<String>,
    #[serde(rename = "_links")]
    links: HashMap<String, Link>,
}

#[derive(Deserialize)]
#[allow(dead_code)] // decoded, as a real client would
struct Link {
    href: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Tokens {
    items: Vec<Token>,
}

impl ByHand {
    fn new(host: String, credential: String) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
        Ok(Self { http, base: format!("{host}/api/v2/tokens"), credential })
    }

    async fn fetch(&self, url: &str) -> Result<impl AsRef<[u8]>> {
        let request = self.http.get(url).header(AUTHORIZATION, &self.credential).header(ACCEPT, "application/json");
        let response = request.header("LD-API-Version", "20240415").send().await?.error_for_status()?;
        Ok(response.bytes().await?)
    }

    async fn work(&self, token_id: &str, what: &str, times: u32) -> Result<f64> {
        let begun = Instant::now();
        for _ in 0..times {
            match what {
                "call" => {
                    let url = format!("{}/{token_id}", self.base);
                    drop(serde_json::from_slice::<Token>(self.fetch(&url).await?.as_ref())?);
                }
                "page" => {
                    let url = format!("{}?showAll=true&limit={PAGE}", self.base);
                    let page: Tokens = serde_json::from_slice(self.fetch(&url).await?.as_ref())?;
                    anyhow::ensure!(page.items.len() == PAGE as usize, "the page is not full");
                }
                "page-bytes" => drop(self.fetch(&format!("{}?showAll=true&limit={PAGE}", self.base)).await?),
                pages if pages.starts_with("pages-") => {
                    let count: u32 = pages["pages-".len()..].parse()?;
                    for offset in (0..count).map(|page| page * STREAM_PAGE) {
                        let page = format!("showAll=true&limit={STREAM_PAGE}&offset={offset}");
                        drop(self.fetch(&format!("{}?{page}", self.base)).await?);
                    }
                }
                "peak" => return peak(),
                _ => anyhow::bail!("the client written by hand can't do {what}"),
            }
        }
        Ok(begun.elapsed().as_secs_f64() / f64::from(times))
    }
}

/// The peak memory of this process, in bytes.
fn peak() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("only Linux shows a process's peak memory")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the kernel counts it")?;
    Ok(peak.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0)
}
