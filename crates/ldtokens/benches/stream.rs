//! `cargo bench -p ldtokens --bench stream`: the peak memory of reading lists of growing length, as a stream and, beside
//! it, all at once.
//!
//! Each reading is a process of its own, so that its peak is its own; the server is in this one. Linux only.

use std::process::Command;
use std::time::Instant;

use ldtokens::Client;
use ldtokens_server::Server;

const LENGTHS: [u32; 3] = [1_000, 10_000, 100_000];

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    if let (Ok(host), Ok(how)) = (std::env::var("LDTOKENS_BENCH_HOST"), std::env::var("LDTOKENS_BENCH_HOW")) {
        return read(&host, &how).await;
    }
    println!("{:>8}  {:>12}  {:>12}  {:>6}", "tokens", "stream", "collect_all", "ratio");
    let mut first = None;
    for length in LENGTHS {
        let server = Server::builder().seed_tokens(length).start().await.expect("loopback can be listened on");
        let [stream, all] = ["stream", "collect_all"].map(|how| peak(&server, how));
        println!("{length:>8}  {stream:>9} KiB  {all:>9} KiB  {:>6.2}", all as f64 / stream as f64);
        let grown = stream as f64 / *first.get_or_insert(stream) as f64;
        if length == LENGTHS[LENGTHS.len() - 1] {
            println!("the stream's peak at {length} tokens is {grown:.2} of that at {}", LENGTHS[0]);
        }
    }
}

/// The peak resident memory, in KiB, of a process that reads the list.
fn peak(server: &Server, how: &str) -> u64 {
    let output = Command::new(std::env::current_exe().expect("a process knows its file"))
        .env("LDTOKENS_BENCH_HOST", server.url())
        .env("LDTOKENS_BENCH_HOW", how)
        .env("LD_ACCESS_TOKEN", server.owner_secret().expect("the server is new").expose())
        .output()
        .expect("this program can be run again");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    text.trim().parse().expect("it prints its peak")
}

async fn read(host: &str, how: &str) {
    let client = Client::builder(std::env::var("LD_ACCESS_TOKEN").expect("the parent sets it")).host(host);
    let list = client.build().expect("loopback is fine").list().all_members(true).page_size(200);
    let begun = Instant::now();
    let mut count = 0;
    if how == "stream" {
        let mut tokens = list.stream();
        while let Some(token) = tokens.next().await {
            token.expect("the list does not change");
            count += 1;
        }
    } else {
        count = list.collect_all().await.expect("the list does not change").len();
    }
    eprintln!("{how}: {count} tokens in {:?}", begun.elapsed());
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel counts it");
    println!("{}", peak.trim().trim_end_matches(" kB"));
}
