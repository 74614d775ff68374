//! Unusual arguments: empty values, values with a dash in front, commas, a name that looks like an ID.

use crate::support::{OWNER, Served, ldtokens, refused, stderr, stdout, with_stdin};

#[test]
fn an_empty_value_is_refused_and_changes_nothing() {
    let served = Served::start();
    let (id, _) = served.create("kept");
    let before = served.json(&["list", "-a", "--columns", "_id,name,description,lastModified"]);
    for arguments in [
        &["create", "--role", "reader", "--secret-to", "-", "--name", ""][..],
        &["create", "--role", "reader", "--secret-to", "-", "--name", "  "],
        &["create", "--role", "reader", "--secret-to", "-", "--description", ""],
        &["create", "--role", "reader", "--secret-to", ""],
        &["create", "--role", "reader", "--secret-to-command", ""],
        &["create", "--custom-role", "", "--secret-to", "-"],
        &["create", "--custom-role", "a,,b", "--secret-to", "-"],
        &["create", "--policy", "", "--secret-to", "-"],
        &["update", &id, "--name", ""],
        &["update", &id, "--description", ""],
        &["update", &id, "--name", "x", "--comment", ""],
        &["update", "", "--name", "x"],
        &["delete", "", "--yes"],
        &["list", "--profile", ""],
        &["list", "--token-file", ""],
        &["list", "--token-command", ""],
    ] {
        let output = served.owner(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        let said = stderr(&output);
        assert!(said.contains("empty") || said.contains("none was supplied"), "{arguments:?}: {said}");
    }
    assert_eq!(served.json(&["list", "-a", "--columns", "_id,name,description,lastModified"]), before);
}

#[test]
fn a_value_may_begin_with_a_dash() {
    let served = Served::start();
    let create = ["create", "--name", "-x", "--description", "- a note", "--role", "reader", "--secret-to", "-"];
    served.json(&create);
    let token = served.json(&["list", "--filter", "name=-x"])[0].clone();
    assert_eq!((&token["name"], &token["description"]), (&"-x".into(), &"- a note".into()));
    let mut update = ldtokens(&["update", "--name", "--y", "--comment", "- why", "-q", "--", "-x"]);
    let output = update.env("LD_ACCESS_TOKEN", OWNER).env("LD_BASE_URI", &served.url).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(served.json(&["get", stdout(&output).trim()])["name"], "--y");
    for (arguments, words) in [
        (&["list", "--limit", "-1"][..], "a whole number, at least 1"),
        (&["list", "--limit", "many"], "a whole number, at least 1"),
        (&["list", "--unused-for", "-1d"], "negative"),
        (&["reset", "x", "--expires-in", "-1h", "--secret-to", "-"], "negative"),
        (&["serve", "--seed-tokens", "many"], "a whole number, at least 0"),
    ] {
        let output = ldtokens(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(words), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn custom_roles_are_parted_by_commas_too() {
    let served = Served::start();
    let roles = ["create", "--custom-role", "ops,dev", "--custom-role", "qa", "--secret-to", "-"];
    assert_eq!(served.json(&roles)["customRoleIds"], serde_json::json!(["ops", "dev", "qa"]));
}

#[test]
fn a_reset_that_leaves_no_time_asks_as_any_does() {
    let served = Served::start();
    let (id, secret) = served.create("kept");
    for time in ["0s", "0h 0m"] {
        refused(
            &served.owner(&["reset", &id, "--expires-in", time, "--secret-to", "-"]).output().unwrap(),
            2,
            &["--yes"],
        );
    }
    assert!(served.works(&secret));
    let output = served.owner(&["reset", &id, "--expires-in", "0s", "--yes", "--secret-to", "-"]).output().unwrap();
    assert!(output.status.success() && !served.works(&secret), "{}", stderr(&output));
}

#[test]
fn the_end_of_an_overlap_is_given_as_filters_take_times() {
    let served = Served::start();
    let (id, secret) = served.create("kept");
    for moment in ["2100-01-31", "2100-01-31T12:00:00Z", "2100-01-31T12:00:00+02:00", "4105080000000"] {
        let output = served.owner(&["reset", &id, "--expires-at", moment, "--secret-to", "-"]).output().unwrap();
        assert!(output.status.success() && served.works(&secret), "{moment}: {}", stderr(&output));
    }
    for moment in ["soon", "90d", "4105080000"] {
        let output = served.owner(&["reset", &id, "--expires-at", moment, "--secret-to", "-"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{moment}: {}", stderr(&output));
    }
}

/// A clean-up script should not fail if the token is gone already.
#[test]
fn no_token_on_standard_input_is_nothing_to_do() {
    let served = Served::start();
    for arguments in [
        &["delete", "-", "--yes"][..],
        &["delete", "-"],
        &["get", "-"],
        &["update", "-", "--name", "x"],
        &["reset", "-", "--secret-to", "-"],
        &["rotate", "-", "--secret-to", "{id}"],
    ] {
        for input in ["", "\n\n"] {
            let output = with_stdin(served.owner(arguments), input);
            assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
            assert!(stderr(&output).contains("names no token"), "{}", stderr(&output));
            // A table has its header line.
            assert!(stdout(&output).lines().count() <= 1, "{arguments:?}: {}", stdout(&output));
        }
    }
    let output = with_stdin(served.owner(&["get", "-", "--output", "json"]), "");
    assert_eq!((stdout(&output).trim(), &stderr(&output)[..]), ("[]", ""));
}

#[test]
fn a_token_that_is_named_like_an_id_is_found_by_its_name() {
    let served = Served::start();
    let like_an_id = "0123456789abcdef01234567";
    let (id, _) = served.create(like_an_id);
    let (other, _) = served.create("other");
    refused(&served.owner(&["get", like_an_id]).output().unwrap(), 5, &["--by-name"]);
    assert_eq!(served.json(&["get", "--by-name", like_an_id])["_id"], id.as_str());
    // Then an ID is read as a name.
    refused(&served.owner(&["delete", &other, "--by-name", "--yes"]).output().unwrap(), 5, &[&other]);
    assert!(served.owner(&["delete", like_an_id, "--by-name", "--yes"]).output().unwrap().status.success());
    refused(&served.owner(&["get", &id]).output().unwrap(), 5, &[]);
}

#[test]
fn a_token_that_is_not_there_can_count_as_deleted() {
    let served = Served::start();
    let (id, _) = served.create("there");
    let gone = "0123456789abcdef01234567";
    for arguments in [&["delete", gone][..], &["delete", "nobody"], &["delete", gone, "nobody", &id]] {
        let output = served.owner(&[arguments, &["--yes", "--ignore-not-found"]].concat()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    }
    refused(&served.owner(&["get", &id]).output().unwrap(), 5, &[]);
    refused(&served.owner(&["delete", gone, "--yes"]).output().unwrap(), 5, &[]);
}

#[test]
fn what_the_api_would_refuse_of_a_new_token_is_refused_first() {
    let served = Served::start();
    let before = served.json(&["getTokens", "showAll=true"])["totalCount"].clone();
    refused(
        &served.owner(&["postToken", "name==x"]).output().unwrap(),
        2,
        &["role== or customRoleIds:= or inlineRole:="],
    );
    refused(&with_stdin(served.owner(&["postToken", "-"]), r#"{"name": "x"}"#), 2, &["permissions"]);
    let both = ["postToken", "role==reader", "customRoleIds:=[\"a\"]"];
    refused(&served.owner(&both).output().unwrap(), 2, &["can't be used together"]);
    assert_eq!(served.json(&["getTokens", "showAll=true"])["totalCount"], before);
}
