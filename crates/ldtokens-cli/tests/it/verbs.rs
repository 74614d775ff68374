//! The verbs: tokens by ID or name, one or several.

use serde_json::Value;

use crate::support::{Served, refused, stderr, stdout, with_stdin};

#[test]
fn the_verbs_create_read_change_reset_and_delete_a_token_by_name() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let created = served.json(&[
        "create",
        "--name",
        "Nightly export",
        "--description",
        "Feeds the warehouse",
        "--role",
        "reader",
        "--service",
        "--default-api-version",
        "20220603",
        "--secret-to",
        file.to_str().unwrap(),
    ]);
    let token = &created;
    let id = token["_id"].as_str().unwrap();
    assert_eq!(token["name"], "Nightly export");
    assert_eq!(token["description"], "Feeds the warehouse", "the marker of the attempt is removed");
    assert_eq!((&token["role"], &token["serviceToken"]), (&"reader".into(), &true.into()));
    assert_eq!(token["defaultApiVersion"], 20_220_603);
    let secret = std::fs::read_to_string(&file).unwrap();
    assert!(served.works(&secret));
    assert_eq!(token["token"], secret[secret.len() - 4..]);

    assert_eq!(served.json(&["get", "Nightly export"])["_id"], id);
    assert_eq!(served.json(&["get", id])["name"], "Nightly export");
    assert_eq!(served.json(&["list", "--filter", "name=Nightly export"])[0]["_id"], id);

    let updated =
        served.json(&["update", "Nightly export", "--name", "Export", "--no-description", "--role", "writer"]);
    assert_eq!((&updated["name"], &updated["role"]), (&"Export".into(), &"writer".into()));
    assert_eq!(updated.get("description"), None);

    let second = folder.path().join("second");
    served.json(&["reset", "Export", "--expires-in", "1h", "--secret-to", second.to_str().unwrap()]);
    let second = std::fs::read_to_string(second).unwrap();
    assert!(served.works(&secret) && served.works(&second), "both work for an hour");

    let deleted = served.owner(&["delete", "Export", "--yes"]).output().unwrap();
    assert!(deleted.status.success(), "{}", stderr(&deleted));
    assert_eq!(
        (stdout(&deleted), stderr(&deleted)),
        (String::new(), format!("Deleted {id} (Export) ({})\n", served.url))
    );
    assert!(!served.works(&second));
}

#[test]
fn permissions_come_from_a_role_custom_roles_or_a_policy() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.json");
    let statements = r#"[{"effect": "allow", "actions": ["updateOn"], "resources": ["proj/*:env/test:flag/*"]}]"#;
    std::fs::write(&policy, statements).unwrap();
    let policy = policy.to_str().unwrap();
    let create =
        |name: &str, flags: &[&str]| served.json(&[&["create", "--name", name, "--secret-to", "-"], flags].concat());
    assert_eq!(
        create("a", &["--custom-role", "ops", "--custom-role", "dev"])["customRoleIds"],
        serde_json::json!(["ops", "dev"])
    );
    assert_eq!(create("b", &["--policy", policy])["inlineRole"][0]["actions"][0], "updateOn");
    let changed = served.json(&["update", "b", "--role", "reader"]);
    assert_eq!((&changed["role"], changed.get("inlineRole")), (&"reader".into(), None));
    let piped = with_stdin(served.owner(&["update", "b", "--policy", "-", "--output", "json"]), statements);
    assert!(stdout(&piped).contains("updateOn"), "{}", stderr(&piped));

    let all = || served.json(&["list"]).as_array().unwrap().len();
    let before = all();
    for flags in [
        &[][..],
        &["--role", "reader", "--custom-role", "ops"],
        &["--role", "owner"],
        &["--policy", "/nonexistent"],
        &["--default-api-version", "1", "--role", "reader"],
    ] {
        let output = served.owner(&[&["create", "--secret-to", "-"], flags].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {}", stderr(&output));
    }
    std::fs::write(policy, r#"[{"effect": "allow"}]"#).unwrap();
    let output = served.owner(&["create", "--secret-to", "-", "--policy", policy]).output().unwrap();
    refused(&output, 2, &["policy.json", "actions"]);
    assert_eq!(all(), before);
}

#[test]
fn an_ambiguous_name_is_an_error() {
    let served = Served::start();
    let (first, _) = served.create("twin");
    let (second, _) = served.create("twin");
    let before = served.json(&["list", "--show-all"]).as_array().unwrap().len();
    for verb in [&["get", "twin"][..], &["delete", "twin", "--yes"], &["update", "twin", "--name", "x"]] {
        refused(&served.owner(verb).output().unwrap(), 2, &["2 tokens are named `twin`", &first, &second]);
    }
    refused(&served.owner(&["delete", "nobody", "--yes"]).output().unwrap(), 5, &["`nobody`", "list --show-all"]);
    // If one argument is wrong, nothing is done to any token.
    refused(&served.owner(&["delete", &first, "nobody", "--yes"]).output().unwrap(), 5, &["`nobody`"]);
    assert_eq!(served.json(&["list", "--show-all"]).as_array().unwrap().len(), before);
    served.owner(&["delete", &first, "--yes"]).output().unwrap();
    assert_eq!(served.json(&["get", "twin"])["_id"].as_str(), Some(second.as_str()));
}

#[test]
fn a_batch_continues_after_an_error_and_summarizes() {
    let served = Served::start();
    let ids: Vec<String> = (0..4).map(|number| served.create(&format!("batch {number}")).0).collect();
    let gone = "0123456789abcdef01234567";

    let output = served.owner(&["delete", &ids[0], gone, "batch 1", &ids[0], "--yes", "-q"]).output().unwrap();
    assert_eq!(output.status.code(), Some(10));
    assert_eq!(stdout(&output), format!("{}\n{}\n", ids[0], ids[1]), "each deleted token once");
    assert!(stderr(&output).contains(&format!("2 of 3 deleted; failed: {gone}")), "{}", stderr(&output));

    let output = served.owner(&["update", &ids[2], gone, "--name", "x", "--yes", "--output", "json"]).output().unwrap();
    let error: Value = serde_json::from_str(&stderr(&output)).unwrap();
    assert_eq!(error["error"]["kind"], "partial_failure");
    assert_eq!(error["error"]["details"]["done"], serde_json::json!([ids[2]]));
    assert_eq!(error["error"]["details"]["failed"][0]["error"]["kind"], "not_found");
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed[0]["name"], "x");

    // An error that would affect all tokens ends the command.
    let output = served.acting_as("wrong-credential", &["delete", &ids[2], &ids[3], "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));

    let input = format!("{}\n\n{}\n", ids[2], ids[3]);
    let output = with_stdin(served.owner(&["delete", "-", "--yes"]), &input);
    assert!(output.status.success() && stderr(&output).contains("2 of 2 deleted"), "{}", stderr(&output));
}

#[test]
fn in_a_pipe_destructive_commands_need_yes() {
    let served = Served::start();
    let (id, secret) = served.create("kept");
    refused(&served.owner(&["delete", "kept"]).output().unwrap(), 2, &["--yes"]);
    refused(&served.owner(&["reset", &id, "--secret-to", "-"]).output().unwrap(), 2, &["--yes"]);
    assert!(served.works(&secret));
    // A reset with an overlap needs no confirmation.
    let output = served.owner(&["reset", &id, "--secret-to", "-", "--expires-in", "1h"]).output().unwrap();
    assert!(output.status.success() && served.works(&secret), "{}", stderr(&output));
    refused(
        &served.owner(&["reset", &id, "--expires-at", "2001-01-01T00:00:00Z", "--secret-to", "-"]).output().unwrap(),
        2,
        &["passed"],
    );
    for time in ["soon", "1 month", "-1h"] {
        let output =
            served.owner(&["reset", &id, "--secret-to", "-", &format!("--expires-in={time}")]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{time}: {}", stderr(&output));
    }
}
