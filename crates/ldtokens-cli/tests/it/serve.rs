//! `ldtokens serve`.

use std::io::{BufRead, BufReader};

use crate::support::{OWNER, Served, ldtokens};

#[test]
fn what_was_made_is_there_after_a_stop_and_a_start() {
    let served = Served::start();
    let (id, secret) = served.create("kept");
    let (status, folder) = served.stop("TERM");
    assert_eq!(status, 0);
    let served = Served::again(folder);
    assert!(served.works(&secret) && served.works(OWNER));
    assert_eq!(served.json(&["getToken", &format!("tokenId={id}")])["name"], "kept");
    let (status, _folder) = served.stop("INT");
    assert_eq!(status, 0);
}

#[test]
fn a_new_stores_owner_gets_a_secret_that_is_shown_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("ld.db");
    let arguments = ["serve", "--store", store.to_str().unwrap()];
    let lines = |count: usize| {
        let mut child = ldtokens(&arguments).spawn().unwrap();
        let reader = BufReader::new(child.stdout.take().unwrap());
        let lines: Vec<String> = reader.lines().take(count).map(Result::unwrap).collect();
        (child, lines)
    };
    let (mut child, first) = lines(2);
    let url = first[0].strip_prefix("listening on ").unwrap().to_owned();
    let secret = first[1].strip_prefix("the owner's secret, shown this once: ").unwrap().to_owned();
    let works = |url: &str| {
        let mut command = ldtokens(&["getTokens", "--host", url]);
        command.env("LD_ACCESS_TOKEN", &secret).output().unwrap().status.success()
    };
    assert!(works(&url));
    // Without notice, as by a power cut.
    child.kill().unwrap();
    child.wait().unwrap();

    let (mut child, second) = lines(1);
    assert!(works(second[0].strip_prefix("listening on ").unwrap()));
    std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut rest).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(!rest.contains("api-"), "{rest}");
}
