//! What changes several tokens: undoing, going on, custom roles by key, and the token in use.

use std::fs;
use std::io::Write;

use serde_json::{Value, json};

use crate::connections::StaticServer;
use crate::delaying_proxy::DelayingProxy;
use crate::support::{OWNER, Served, ldtokens, refused, stderr, stdout};

#[test]
fn an_undo_can_be_undone_with_its_file() {
    let served = Served::start();
    let (id, _) = served.create("Export");
    let role = || served.json(&["get", &id])["role"].clone();
    let undo = |arguments: &[&str]| {
        let output = served.owner(&[&["undo", "--yes"], arguments].concat()).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let said = stderr(&output);
        let (_, rest) = said.split_once("`ldtokens undo ").unwrap_or_else(|| panic!("{said}"));
        rest.split_once("` takes this back").unwrap_or_else(|| panic!("{said}")).0.to_owned()
    };
    assert!(served.owner(&["update", &id, "--role", "writer"]).output().unwrap().status.success());
    let file = undo(&[]);
    assert_eq!(role(), "reader");
    undo(&[&file]);
    assert_eq!(role(), "writer");
    // The change counts again, and what undid it does not.
    undo(&[]);
    assert_eq!(role(), "reader");
    refused(&served.owner(&["undo", "--yes"]).output().unwrap(), 12, &["nothing to undo"]);
}

#[test]
fn a_reset_of_all_that_match_goes_on_with_its_file_where_it_failed() {
    let served = Served::start();
    let names = ["job 1", "job 2", "job 3", "other"];
    let old = names.map(|name| served.create(name).1);
    let at = |name: &str| served.folder.path().join(format!("{name}.secret"));
    for name in ["job 2", "job 3"] {
        fs::write(at(name), "not a secret").unwrap();
    }
    let reset = |which: &[&str], overlap: &str| {
        let arguments = ["reset", "--yes", "--expires-in", overlap, "--secret-to", "{name}.secret"];
        served.owner(&[&arguments[..], which].concat()).current_dir(served.folder.path()).output().unwrap()
    };
    let output = reset(&["--all-matching", "name~job"], "1h");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(10), "{said}");
    assert!(said.contains(&format!("{}: 1 of 3 reset", served.url)), "the account is named: {said}");
    let (_, file) = said.split_once("--resume ").unwrap();
    let file = file.split_once('`').unwrap().0;
    refused(&reset(&["--resume", file], "2h"), 2, &["another change"]);
    // As by a kill in the middle of a line.
    fs::OpenOptions::new().append(true).open(file).unwrap().write_all(b"\n{\"done\":\"").unwrap();
    fs::remove_file(at("job 2")).unwrap();
    let said = stderr(&reset(&["--resume", file], "1h"));
    assert!(said.contains("1 of 2 reset"), "{said}");
    let done = ["job 1", "job 2"].map(|name| fs::read_to_string(at(name)).unwrap());
    fs::remove_file(at("job 3")).unwrap();
    let output = reset(&["--resume", file], "1h");
    assert!(output.status.success(), "{}", stderr(&output));
    let new = ["job 1", "job 2", "job 3"].map(|name| fs::read_to_string(at(name)).unwrap());
    assert_eq!(new[..2], done, "they were done, and are not reset again");
    assert!(new.iter().chain(&old).all(|secret| served.works(secret)), "within the overlap all work");
    assert!(!at("other").exists());
}

/// As by an API that does not know the property yet (fact 20).
#[test]
fn an_expiry_that_the_api_ignores_is_an_error() {
    let id = "61095542756dba551110ae21";
    let token =
        json!({ "_id": id, "ownerId": "o", "memberId": "m", "creationDate": 1, "lastModified": 1, "role": "reader" });
    let server = StaticServer::start("200 OK", "content-type: application/json\r\n", &token.to_string());
    let state = tempfile::tempdir().unwrap();
    let mut update = ldtokens(&["update", id, "--expires-in", "30d", "--host", &server.url]);
    let output = update.env("LD_ACCESS_TOKEN", OWNER).env("LDTOKENS_STATE", state.path()).output().unwrap();
    refused(&output, 1, &["the response does not show the new expiry: the token expires never"]);
}

#[test]
fn a_plan_shows_in_full_what_looks_the_same_in_short() {
    let served = Served::start();
    for name in ["one", "two"] {
        served.create(name);
    }
    let long = "x".repeat(50);
    let update = |number: u32| {
        let (end, text) = (format!("190000000000{number}"), format!("{long}{number}"));
        let words = ["update", "one", "two", "--expires-at", &end, "--description", &text, "--yes"];
        let output = served.owner(&words).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stderr(&output)
    };
    update(1);
    let said = update(2);
    assert!(said.contains("- expiry: 1900000000001 → 1900000000002: 2\n"), "{said}");
    assert!(said.contains(&format!("- description: {long}1 → {long}2: 2\n")), "{said}");
}

#[test]
fn a_token_that_ends_itself_is_named_even_with_yes() {
    let served = Served::start();
    let own = served.json(&["create", "-n", "CI", "--role", "admin", "--secret-to", "-"]);
    let (id, secret) = (own["_id"].as_str().unwrap(), own["token"].as_str().unwrap());
    let (other, _) = served.create("other");
    let with_own = |arguments: &[&str]| {
        let output = served.acting_as(secret, arguments).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stderr(&output)
    };
    assert!(!with_own(&["delete", &other, "--yes"]).contains("this command uses"));
    let said = with_own(&["delete", id, "--yes"]);
    assert!(said.contains(&format!("{id} (CI) is the token that this command uses")), "{said}");
    assert!(!served.works(secret));
}

#[test]
fn the_permissions_of_the_token_in_use_are_changed_only_after_a_warning_and_an_answer() {
    let served = Served::start();
    let own = served.json(&["create", "-n", "CI", "--role", "admin", "--secret-to", "-"]);
    let (id, secret) = (own["_id"].as_str().unwrap(), own["token"].as_str().unwrap());
    served.create("other");
    let with_own = |arguments: &[&str]| {
        let output = served.acting_as(secret, arguments).output().unwrap();
        (output.status.code(), stderr(&output))
    };
    let warning = format!("{id} (CI) is the token that this command uses: with other permissions");
    // A text harms nobody, and another token is another's.
    for words in [["CI", "--description", "d"], ["other", "--role", "writer"]] {
        let (status, said) = with_own(&[&["update"], &words[..]].concat());
        assert!(status == Some(0) && !said.contains("this command uses"), "{said}");
    }
    for words in [["--role", "reader"], ["--expires-in", "1h"]] {
        let (status, said) = with_own(&[&["update", "CI"], &words[..]].concat());
        assert!(status == Some(2) && said.contains(&warning) && said.contains("use --yes"), "{said}");
    }
    let (status, said) = with_own(&["update", "CI", "other", "--role", "reader", "--dry-run"]);
    assert!(status == Some(0) && said.contains(&warning), "{said}");
    assert!(said.contains("can restore what they were, if the token in use still has the rights to"), "{said}");
    assert!(served.owner(&["update", "CI", "--role", "writer"]).output().unwrap().status.success());
    // So does an undo.
    assert!(served.owner(&["undo", "--yes"]).output().unwrap().status.success());
    assert!(served.owner(&["update", "CI", "--role", "admin", "--no-expiry"]).output().unwrap().status.success());
    let (status, said) = with_own(&["update", "CI", "--role", "reader", "--yes"]);
    assert!(status == Some(0) && said.contains(&warning), "{said}");
    assert!(served.owner(&["update", "CI", "--role", "admin"]).output().unwrap().status.success());
    let (status, said) = with_own(&["undo", "--yes"]);
    assert!(status == Some(0) && said.contains(&warning), "{said}");
}

#[test]
fn lifetimes_count_by_the_apis_clock_and_undo_shows_a_policy_as_it_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let in_two_hours = ldtokens::UnixMillis::now().get() + 2 * 3_600_000;
    let account = json!({
        "clock": in_two_hours,
        "members": [{ "email": "a@example.com", "role": "owner" }],
        "tokens": [{ "name": "Owner", "member": "a@example.com", "role": "admin" }],
    });
    let file = folder.path().join("account.yaml");
    fs::write(&file, account.to_string()).unwrap();
    let served = Served::with(&["--account", file.to_str().unwrap()]);
    let (id, _) = served.create("job");
    let policy = r#"[{"effect":"allow","actions":["*"],"resources":["proj/*"]}]"#;
    fs::write(&file, policy).unwrap();
    let updated = served.json(&["update", &id, "--expires-in", "1h", "--policy", file.to_str().unwrap()]);
    assert!(updated["expiry"].as_i64().unwrap() > in_two_hours, "{updated}");
    let undone = served.owner(&["undo", "--yes"]).output().unwrap();
    let said = stderr(&undone);
    let statement = r#"policy [{"actions":["*"],"effect":"allow","resources":["proj/*"]}], expires in 3600s"#;
    assert!(said.contains(statement), "{said}");

    let created = served.json(&["create", "-n", "new", "--role", "reader", "--expires-in", "1h", "--secret-to", "-"]);
    assert!(created["expiry"].as_i64().unwrap() > in_two_hours, "{created}");
    let soon = stdout(&served.owner(&["list", "-q", "--expires-within", "90min"]).output().unwrap());
    assert!(soon.contains(created["_id"].as_str().unwrap()), "{soon}");
    let reset = served.owner(&["reset", "new", "--expires-in", "1h", "--secret-to", "{name}"]);
    let reset = stderr(&{ reset }.current_dir(&folder).output().unwrap());
    let until = reset.split_once("works until ").unwrap_or_else(|| panic!("{reset}")).1;
    let until: jiff::Timestamp = until[..20].parse().unwrap();
    assert!(until.as_millisecond() > in_two_hours, "{reset}");
}

#[test]
fn custom_roles_are_named_by_key_or_id_and_shown_as_keys_with_one_request() {
    let folder = tempfile::tempdir().unwrap();
    let policy = json!([{ "effect": "allow", "actions": ["*"], "resources": ["proj/*"] }]);
    let roles: Vec<Value> =
        (0..30).map(|number| json!({ "key": format!("role-{number}"), "policy": policy })).collect();
    let account = json!({
        "members": [{ "email": "a@example.com", "role": "owner" }],
        "customRoles": roles,
        "tokens": [{ "name": "Owner", "member": "a@example.com", "role": "admin" }],
    });
    let file = folder.path().join("account.yaml");
    fs::write(&file, account.to_string()).unwrap();
    let served = Served::with(&["--account", file.to_str().unwrap()]);
    let created = served.json(&["create", "-n", "one", "--custom-role", "role-25", "--secret-to", "-"]);
    let role = created["customRoleIds"][0].as_str().unwrap();
    assert_ne!(role, "role-25");
    let by_id = served.json(&["create", "-n", "two", "--custom-role", role, "--secret-to", "-"]);
    assert_eq!(by_id["customRoleIds"], created["customRoleIds"]);
    let for_people = |words: &[&str]| {
        let shown = stdout(
            &served.owner(&[words, &["--secret-to", "{name}.secret"]].concat()).current_dir(&folder).output().unwrap(),
        );
        assert!(shown.contains("role-25") && !shown.contains(role), "{words:?}: {shown}");
    };
    for_people(&["create", "-n", "three", "--custom-role", "role-25"]);
    for_people(&["reset", "three", "--yes"]);
    for_people(&["create", "-n", "four", "--custom-role", role]);
    assert!(served.owner(&["delete", "three", "four", "--yes"]).output().unwrap().status.success());
    // A key that looks like no ID, in a change of several tokens.
    let output = served.owner(&["update", "one", "two", "--custom-role", "role-3", "--yes", "-v"]).output().unwrap();
    let said = stderr(&output);
    assert!(output.status.success() && said.contains("access: role-25 → role-3: 2"), "{said}");
    assert_eq!(said.matches("/api/v2/roles").count(), 1, "{said}");

    let role = served.json(&["get", "one"])["customRoleIds"][0].as_str().unwrap().to_owned();
    for filter in ["customRoleIds=role-3".to_owned(), "access=role-3".to_owned(), format!("customRoleIds={role}")] {
        let output = served.owner(&["list", "-f", &filter, "-v"]).output().unwrap();
        assert_eq!(stdout(&output).matches("role-3").count(), 2, "{filter}: {}", stdout(&output));
        assert_eq!(stderr(&output).matches("/api/v2/roles").count(), 1, "{}", stderr(&output));
    }
    // Several at a time wait for one request.
    let ids = ["one", "two"].map(|name| served.json(&["get", name])["_id"].as_str().unwrap().to_owned());
    let got = served.owner(&["get", &ids[0], &ids[1], "-v"]).output().unwrap();
    let shown = stdout(&got);
    assert!(shown.matches("role-3").count() == 2 && !shown.contains(&role), "{shown}");
    assert_eq!(stderr(&got).matches("/api/v2/roles").count(), 1, "{}", stderr(&got));
    let exported = stdout(&served.owner(&["export", "one"]).output().unwrap());
    assert!(exported.contains("- role-3\n") && !exported.contains(&role), "{exported}");
    // For programs they stay IDs.
    assert_eq!(served.json(&["list", "-f", "name=one"])[0]["customRoleIds"][0], role.as_str());
    let none = stderr(&served.owner(&["list", "-f", "name=Owner", "-v"]).output().unwrap());
    assert!(!none.contains("/roles"), "nobody asks if no token has one: {none}");
    // An update is undone, also by its key.
    let undo = served.owner(&["undo", "--yes"]).output().unwrap();
    assert!(stderr(&undo).contains("access: role-3 → role-25: 2"), "{}", stderr(&undo));
}

#[test]
fn a_filter_with_a_custom_role_that_is_not_known_is_refused() {
    let served =
        Served::with(&["--fault", "getCustomRoles status=403 times=3", "--fault", "getCustomRoles status=400 times=1"]);
    let (id, _) = served.create("job");
    let delete = |filter: &str| {
        let filters = ["delete", "--yes", "--all-matching", "name=job", "--all-matching", filter];
        served.owner(&filters).output().unwrap()
    };
    let list = |filter: &str| served.owner(&["list", "--fail-if-any", "-f", filter]).output().unwrap();
    // They may not be read, then can't be, and then there is none with this key.
    refused(&delete("customRoleIds!=nosuch"), 2, &["`nosuch`", "may not read custom roles"]);
    refused(&list("access=nosuch"), 2, &["`nosuch`"]);
    assert_eq!(list(&format!("customRoleIds={id}")).status.code(), Some(0), "it has the form of an ID");
    refused(&list("customRoleIds~nosuch"), 1, &["the custom role `nosuch` of a filter"]);
    refused(&delete("access!=nosuch"), 2, &["the account has none with this key"]);
    assert_eq!(list("access!=policy").status.code(), Some(13));
    let file = served.folder.path().join("saved.json");
    let file = file.to_str().unwrap();
    assert!(served.owner(&["inventory", "--to", file]).output().unwrap().status.success());
    let saved = ldtokens(&["list", "--from", file, "--fail-if-any", "-f", "customRoleIds=nosuch"]).output().unwrap();
    refused(&saved, 2, &["not their keys: give the ID of `nosuch`"]);
}

#[test]
fn a_saved_list_without_a_match_says_so() {
    let served = Served::start();
    let file = served.folder.path().join("saved.json");
    let file = file.to_str().unwrap();
    assert!(served.owner(&["inventory", "--to", file]).output().unwrap().status.success());
    for (more, said) in [(&[][..], "note: no token matches name~nosuch\n"), (&["-o", "json"], "")] {
        let output = ldtokens(&[&["list", "--from", file, "-f", "name~nosuch"], more].concat()).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), said));
    }
}

#[test]
fn a_list_that_changes_while_it_is_read_is_read_again() {
    let served = Served::with(&["--seed-tokens", "1200"]);
    let (id, _) = served.create("soon gone");
    let proxy = DelayingProxy::start(&served.url);
    let mut get = ldtokens(&["get", "Owner", "--host", &proxy.url]);
    let child = get.env("LD_ACCESS_TOKEN", OWNER).spawn().unwrap();
    // Between its first page and its second one.
    proxy.wait_for_request();
    assert!(served.owner(&["deleteToken", &format!("tokenId={id}")]).output().unwrap().status.success());
    proxy.release();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && stdout(&output).contains("Owner"), "{}", stderr(&output));
}
