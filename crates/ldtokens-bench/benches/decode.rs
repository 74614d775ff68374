//! `cargo bench -p ldtokens-bench`: where the time of decoding a page of 1,000 tokens goes, in this process alone.

use std::sync::LazyLock;

use divan::{Bencher, black_box};
use ldtokens::raw::types::Tokens;
use ldtokens::{Client, Operation};
use ldtokens_server::Server;
use reqwest::Method;
use serde::de::IgnoredAny;

/// The local server's response, which is the same each time.
static PAGE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be built");
    runtime.block_on(async {
        let server = Server::builder().seed_tokens(1_000).start().await.expect("loopback can be listened on");
        let owner = server.owner_secret().expect("the server is new").clone();
        let client = Client::builder(owner).host(server.url()).build().expect("loopback is fine");
        let request = client.request(Operation::GetTokens, Method::GET, "/tokens").query("limit", "1000");
        request.query("showAll", "true").send().await.expect("the owner may list").to_vec()
    })
});

fn main() {
    divan::main();
}

#[divan::bench]
fn types_after_one_utf8_check(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        let text = std::str::from_utf8(black_box(&PAGE)).expect("JSON is UTF-8");
        serde_json::from_str::<Tokens>(text).expect("it is a page")
    });
}

#[divan::bench]
fn types_from_bytes(bencher: Bencher<'_, '_>) {
    bencher.bench(|| serde_json::from_slice::<Tokens>(black_box(&PAGE)).expect("it is a page"));
}

#[divan::bench]
fn any_json(bencher: Bencher<'_, '_>) {
    bencher.bench(|| serde_json::from_slice::<serde_json::Value>(black_box(&PAGE)).expect("it is JSON"));
}

#[divan::bench]
fn syntax_alone(bencher: Bencher<'_, '_>) {
    bencher.bench(|| serde_json::from_slice::<IgnoredAny>(black_box(&PAGE)).expect("it is JSON"));
}

#[divan::bench]
fn utf8_alone(bencher: Bencher<'_, '_>) {
    bencher.bench(|| std::str::from_utf8(black_box(&PAGE)).is_ok());
}
