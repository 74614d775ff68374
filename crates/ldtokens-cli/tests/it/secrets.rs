//! A secret is in the answer to postToken and resetToken, and nowhere else.

use std::path::Path;

use crate::support::{OWNER, Served, stderr, stdout, with_stdin};

#[test]
fn no_log_and_no_file_has_a_secret() {
    let served = Served::start();
    let (id, secret) = served.create("watched");
    let by_id = format!("tokenId={id}");
    let patch = r#"[{"op": "replace", "path": "/name", "value": "still watched"}]"#;
    let mut secrets = vec![OWNER.to_owned(), secret];
    for format in ["table", "json"] {
        for (arguments, input) in [
            (vec!["getTokens", "showAll=true"], ""),
            (vec!["getToken", by_id.as_str()], ""),
            (vec!["patchToken", by_id.as_str(), "-"], patch),
            (vec!["patchToken", by_id.as_str(), "-"], "nonsense"),
            (vec!["getToken", "tokenId=0123456789abcdef01234567"], ""),
            (vec!["postToken", "role==reader"], ""),
            (vec!["resetToken", by_id.as_str()], ""),
        ] {
            let mut command = served.owner(&arguments);
            command.args(["--output", format]).env("RUST_LOG", "trace");
            let output = with_stdin(command, input);
            let log = stderr(&output);
            if output.status.success() {
                assert!(log.contains("ldtokens") && log.contains("attempt"), "there is a log to search: {log}");
            }
            let out = stdout(&output);
            if matches!(arguments[0], "postToken" | "resetToken") {
                let start = out.find("api-").unwrap_or_else(|| panic!("{out}"));
                secrets.push(out[start..start + 40].to_owned());
            } else {
                assert!(!out.contains("api-"), "{arguments:?}: {out}");
            }
            for secret in &secrets {
                assert!(!log.contains(&secret[4..]), "{arguments:?} logs a secret: {log}");
                assert!(!log.contains(&secret[..20]), "{arguments:?} logs the beginning of a secret: {log}");
            }
        }
    }
    assert!(secrets.len() >= 6);
    assert!(search(served.folder.path(), "still watched") > 0, "the search finds what is there");
    for secret in &secrets {
        assert_eq!(search(served.folder.path(), secret), 0, "the store holds a secret");
    }
}

/// In how many files below `folder` the text stands.
fn search(folder: &Path, text: &str) -> usize {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    files.filter(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes())).count()
}
