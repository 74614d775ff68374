//! `ldtokens apply` is killed again and again. Its consumer has a working secret at each moment, and the next run converges.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use ldtokens::{Secret, UnixMillis};
use ldtokens_server::{Clock, Server};
use serde_json::Value;

use crate::serve::send;
use crate::support::{OWNER, ldtokens, stderr};

const FILE: &str = "\
tokens:
  - key: export
    name: Export
    role: reader
    serviceToken: SERVICE
    destinations:
      - file: secret
      - command: [sh, -c, 'cat > vault']
";

#[test]
fn an_apply_that_is_killed_at_any_moment_is_finished_by_the_next() {
    let seed = std::env::var("LDTOKENS_SEED").map_or_else(|_| fastrand::u64(..1_000_000), |text| text.parse().unwrap());
    println!("LDTOKENS_SEED={seed}");
    let mut dice = fastrand::Rng::with_seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let clock = Clock::manual(UnixMillis::now());
    let builder = Server::builder().clock(clock.clone()).owner_secret(Secret::new(OWNER));
    let server = runtime.block_on(builder.start()).unwrap();
    std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
    let folder = tempfile::tempdir().unwrap();
    let command = |words: &[&str]| -> Command {
        let mut command = ldtokens(words);
        command.args(["--host", server.url()]).env("LD_ACCESS_TOKEN", OWNER).env("PATH", "/usr/bin:/bin");
        command.current_dir(folder.path());
        command
    };
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let owner_of = |secret: &str| -> Option<Value> {
        let (status, caller) = send(server.url(), "GET /api/v2/caller-identity", secret, "");
        (status == 200).then(|| caller["tokenId"].clone())
    };
    let tokens = || -> Vec<Value> {
        let (_, list) = send(server.url(), "GET /api/v2/tokens?limit=500", OWNER, "");
        list["items"].as_array().unwrap().iter().filter(|token| token["name"] == "Export").cloned().collect()
    };
    let apply = || {
        let output = command(&["apply", "tokens.yaml", "--yes"]).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    };
    fs::write(folder.path().join("tokens.yaml"), FILE.replace("SERVICE", "true")).unwrap();
    let began = Instant::now();
    apply();
    // Later than this, a run has probably ended.
    let whole_run = began.elapsed();
    for round in 0..8 {
        fs::write(
            folder.path().join("tokens.yaml"),
            FILE.replace("SERVICE", if round % 2 == 0 { "false" } else { "true" }),
        )
        .unwrap();
        let mut seen = vec![read("secret"), read("vault")];
        let mut kills = 0;
        while kills < 3 {
            let mut child = command(&["apply", "tokens.yaml", "--yes"]).spawn().unwrap();
            std::thread::sleep(whole_run.mul_f64(dice.f64()));
            if child.try_wait().unwrap().is_none() {
                child.kill().unwrap();
                kills += 1;
            }
            child.wait().unwrap();
            seen.push(read("secret"));
            assert!(owner_of(&read("secret")).is_some(), "round {round}");
        }
        apply();
        // Whatever a consumer read on the way works through the overlap.
        assert!(
            seen.iter().filter(|secret| !secret.is_empty()).all(|secret| owner_of(secret).is_some()),
            "round {round}"
        );
        assert_eq!(read("secret"), read("vault"));
        let drift = command(&["plan", "tokens.yaml", "--fail-if-drift"]).output().unwrap();
        assert!(drift.status.success(), "round {round}: {}", stderr(&drift));
        clock.advance(Duration::from_secs(86_400 + 60));
        apply();
        let left = tokens();
        assert_eq!(left.len(), 1, "round {round}: {left:#?}");
        assert_eq!(
            (&left[0]["description"], owner_of(&read("secret")).as_ref()),
            (&"[ldtokens:export]".into(), left[0].get("_id"))
        );
    }
}
