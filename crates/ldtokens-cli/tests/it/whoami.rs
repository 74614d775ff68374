//! `ldtokens whoami`: which token the credential is (fact 13).

use crate::support::{Served, refused, stderr, stdout};

#[test]
fn the_token_is_named_with_its_kind_its_member_and_its_account() {
    let served = Served::start();
    let made = served.json(&["create", "-n", "Export", "--role", "reader", "--service", "--secret-to", "-"]);
    let (id, secret) = (made["_id"].as_str().unwrap(), made["token"].as_str().unwrap());
    let ask = |arguments: &[&str]| {
        let output = served.acting_as(secret, &[&["whoami"], arguments].concat()).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let table = ask(&[]);
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.splitn(2, "  ").map(str::trim).collect()).collect();
    for row in [["name", "Export"], ["id", id], ["kind", "service"], ["member id", made["memberId"].as_str().unwrap()]]
    {
        assert!(rows.contains(&row.to_vec()), "{row:?} in {table}");
    }
    assert!(rows.iter().any(|row| row[0] == "account id"), "{table}");
    assert!(!table.contains(secret), "{table}");

    let json: serde_json::Value = serde_json::from_str(&ask(&["-o", "json"])).unwrap();
    assert_eq!((&json["tokenId"], &json["serviceToken"]), (&id.into(), &true.into()));
    for format in ["ndjson", "yaml"] {
        assert_eq!(serde_yaml_ng::from_str::<serde_json::Value>(&ask(&["-o", format])).unwrap(), json, "{format}");
    }
    assert!(ask(&["-o", "csv"]).lines().any(|line| line.contains(id)));
    refused(&served.acting_as(secret, &["whoami", "-o", "value"]).output().unwrap(), 2, &["--columns"]);
}

#[test]
fn a_credential_that_does_not_work_has_its_status() {
    let served = Served::start();
    refused(&served.acting_as("wrong-credential", &["whoami"]).output().unwrap(), 3, &["401"]);
    let curl = served.acting_as("unused-credential", &["whoami", "--dry-run"]).output().unwrap();
    assert!(stdout(&curl).contains("/api/v2/caller-identity"), "{}", stderr(&curl));
}
