//! `ldtokens demo`.

use crate::support::{ldtokens, stderr, stdout};

#[test]
fn the_demo_shows_all_six_operations_and_leaves_no_files() {
    let home = tempfile::tempdir().unwrap();
    let output = ldtokens(&["demo"]).current_dir(home.path()).env("HOME", home.path()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
    let text = stdout(&output);
    for (line, status) in [
        ("POST   /api/v2/tokens ", "201"),
        ("GET    /api/v2/tokens?showAll=true ", "200"),
        ("GET    /api/v2/tokens/", "200"),
        ("PATCH  /api/v2/tokens/", "200"),
        ("/reset?expiry=", "200"),
        ("DELETE /api/v2/tokens/", "204"),
        ("GET    /api/v2/tokens/", "404"),
    ] {
        assert!(text.lines().any(|shown| shown.contains(line) && shown.ends_with(status)), "{line} {status} in {text}");
    }
    for promise in [
        "in the overlap the old secret works",
        "and the new one works too",
        "after the overlap the old secret is refused",
        "it expires later",
        "the old token has expired",
        "the new token has expired in its turn",
        "the token is gone",
    ] {
        assert!(text.contains(&format!("ok {promise}")), "{promise} in {text}");
    }
    assert!(!text.contains("api-"), "a secret is shown: {text}");
    assert!(!text.contains('\u{1b}'), "there are colors in a pipe: {text}");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}
