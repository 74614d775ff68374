//! The worker for the Rust client of openapi-generator. It is copied into the generated crate and built with it.

use std::io::{BufRead, Write};
use std::time::Instant;

use peer::apis::{access_tokens_api, configuration};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let [host, credential, token_id] =
        ["BENCH_HOST", "LD_ACCESS_TOKEN", "BENCH_TOKEN"].map(|name| std::env::var(name).expect("the parent sets it"));
    let mut configuration = configuration::Configuration::new();
    configuration.base_path = format!("{host}/api/v2");
    configuration.api_key = Some(configuration::ApiKey { prefix: None, key: credential });
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("the parent writes text");
        let (what, times) = line.split_once(' ').expect("the parent says how often");
        let times: u32 = times.parse().expect("it is a number");
        let begun = Instant::now();
        for _ in 0..times {
            if what == "call" {
                drop(access_tokens_api::get_token(&configuration, &token_id).await.expect("there is a response"));
            } else {
                let page = access_tokens_api::get_tokens(&configuration, Some(true), Some(1000), None).await;
                assert_eq!(page.expect("there is a response").items.len(), 1000);
            }
        }
        println!("{}", begun.elapsed().as_secs_f64() / f64::from(times));
        std::io::stdout().flush().expect("the parent reads");
    }
}
