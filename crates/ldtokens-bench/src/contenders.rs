//! What the workers of this program do: the facade, reqwest and serde_json as one would write it by hand, and the bytes
//! alone.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use ldtokens::{Client, TokenId};
use reqwest::header::{ACCEPT, AUTHORIZATION};
use serde::Deserialize;

/// How many tokens the page has that is asked for as `page`.
pub(crate) const PAGE: u32 = 1_000;
/// How many tokens the pages have that `stream` reads.
pub(crate) const STREAM_PAGE: u32 = 200;

/// Does what the parent asks for, until it asks no more.
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
            _ => anyhow::bail!("the facade is not asked to {what}"),
        }
    }
    Ok(begun.elapsed().as_secs_f64() / f64::from(times))
}

/// As someone writes it who has read the API's documentation, and wants a token and no more.
struct ByHand {
    http: reqwest::Client,
    base: String,
    credential: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)] // as one who decodes a token does
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
#[allow(dead_code)] // as one who decodes a token does
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
#[allow(dead_code)] // as one who decodes a token does
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
        let answer = request.header("LD-API-Version", "20240415").send().await?.error_for_status()?;
        Ok(answer.bytes().await?)
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
                _ => anyhow::bail!("what is written by hand is not asked to {what}"),
            }
        }
        Ok(begun.elapsed().as_secs_f64() / f64::from(times))
    }
}

/// The most memory that this process has had, in bytes.
fn peak() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("only Linux tells a process's peak")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the kernel counts it")?;
    Ok(peak.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0)
}
