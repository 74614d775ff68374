//! Times and lengths of time, wherever a command takes one.

use crate::support::{Served, refused, stderr, stdout};

#[test]
fn a_time_of_day_is_kept_and_how_it_was_read_is_said() {
    let served = Served::start();
    let (id, _) = served.create("Export");
    for (time, millis, is_said) in [
        ("2099-12-15 10:00", "4101012000000", true),
        ("2099-12-15T10:00", "4101012000000", true),
        ("2099-12-15T10:00:00", "4101012000000", true),
        ("2099-12-15T11:00+01:00", "4101012000000", false),
        ("2099-12-15", "4100976000000", false),
    ] {
        let reset = served.owner(&["reset", &id, "--expires-at", time, "--dry-run"]).output().unwrap();
        let said = stderr(&reset);
        assert!(stdout(&reset).contains(&format!("expiry={millis}")), "{time}: {}{said}", stdout(&reset));
        assert_eq!(
            said.contains(&format!("`{time}` has no offset and was read as 2099-12-15 10:00:00 UTC")),
            is_said,
            "{said}"
        );
    }
    let zone = ["reset", &id, "--expires-at", "2099-12-15T10:00[Europe/Berlin]", "--dry-run"];
    let zone = served.owner(&zone).output().unwrap();
    assert_eq!(zone.status.code(), Some(2));
    assert!(stderr(&zone).contains("give the offset"), "{}", stderr(&zone));

    let later = served.owner(&["list", "-f", "creationDate<2001-01-01 23:00"]).output().unwrap();
    assert!(stderr(&later).contains("was read as 2001-01-01 23:00:00 UTC"), "{}", stderr(&later));
    let name = served.owner(&["list", "-f", "name~2001-01-01 23:00"]).output().unwrap();
    assert!(!stderr(&name).contains("was read as"), "{}", stderr(&name));
}

#[test]
fn an_age_in_m_is_refused_before_it_is_piped_into_a_delete() {
    let served = Served::start();
    for command in [
        &["list", "--unused-for", "3m"][..],
        &["list", "--older-than", "3m"],
        &["rotate", "x", "--older-than", "3m"],
        &["rotate", "x", "--overlap", "3m"],
        &["rotate", "x", "--strategy", "replace", "--lifetime", "3m"],
    ] {
        let output = served.owner(command).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{command:?}");
        assert!(stderr(&output).contains("write 3min, or for months days, such as 90d"), "{}", stderr(&output));
    }
    let output = served.owner(&["list", "--unused-for", "3min", "-o", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = served.owner(&["list", "--unused-for", "3m", "-o", "json"]).output().unwrap();
    refused(&output, 2, &["3min"]);
}

#[test]
fn a_new_token_expires_when_it_was_asked_to() {
    let served = Served::start();
    let create = |option: &str, value: &str| {
        let words = ["create", "-n", "trial", "--role", "reader", option, value, "--dry-run"];
        served.owner(&words).output().unwrap()
    };
    let at = create("--expires-at", "2099-12-15 10:00");
    assert!(stdout(&at).contains(r#""expiry":4101012000000"#), "{}", stdout(&at));
    assert!(stdout(&create("--expires-in", "90d")).contains(r#""expiry":"#));
    refused(&create("--expires-in", "0s"), 2, &["expired already"]);
    refused(&create("--expires-at", "2020-01-01"), 2, &["expired already"]);
    assert_eq!(create("--expires-in", "3m").status.code(), Some(2));
}
