//! `ldtokens whoami` (fact 13).

use crate::support::{Served, refused, stderr, stdout};

#[test]
fn whoami_shows_the_token_its_kind_member_and_account() {
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
    let member = made["memberId"].as_str().unwrap();
    for row in [
        ["name", "Export"],
        ["id", id],
        ["kind", "service"],
        ["access", "reader"],
        ["member id", member],
        ["expires", "never"],
    ] {
        assert!(rows.contains(&row.to_vec()), "{row:?} in {table}");
    }
    assert!(rows.iter().any(|row| row[0] == "account id"), "{table}");
    assert!(!table.contains(secret), "{table}");

    let json: serde_json::Value = serde_json::from_str(&ask(&["-o", "json"])).unwrap();
    assert_eq!((&json["tokenId"], &json["serviceToken"]), (&id.into(), &true.into()));
    assert_eq!((&json["access"], json.get("memberRole")), (&"reader".into(), None));
    let owner = served.json(&["whoami"]);
    assert_eq!((&owner["access"], &owner["memberRole"]), (&"admin".into(), &"owner".into()));
    for format in ["ndjson", "yaml"] {
        assert_eq!(serde_saphyr::from_str::<serde_json::Value>(&ask(&["-o", format])).unwrap(), json, "{format}");
    }
    assert!(ask(&["-o", "csv"]).lines().any(|line| line.contains(id)));
    refused(&served.acting_as(secret, &["whoami", "-o", "value"]).output().unwrap(), 2, &["--columns"]);
}

#[test]
fn whoami_and_get_say_until_when_a_token_works() {
    let served = Served::start();
    let until = ["--expires-at", "2099-12-15T10:00:00Z"];
    let made = [&["create", "-n", "Export", "--role", "reader", "--secret-to", "-"][..], &until].concat();
    let made = served.json(&made);
    let whoami = served.acting_as(made["token"].as_str().unwrap(), &["whoami"]).output().unwrap();
    for output in [whoami, served.owner(&["get", "Export"]).output().unwrap()] {
        let shown = stdout(&output);
        let row = shown.lines().find(|line| line.starts_with("expires ")).unwrap_or_else(|| panic!("{shown}"));
        assert!(row.contains("2099-12-15T10:00:00Z"), "{row}");
    }
    let own = served.owner(&["get", "Owner"]).output().unwrap();
    assert!(stdout(&own).lines().any(|line| line.starts_with("expires ") && line.ends_with(" never")), "{own:?}");
}

#[test]
fn whoami_exits_with_3_for_an_invalid_credential() {
    let served = Served::start();
    refused(&served.acting_as("wrong-credential", &["whoami"]).output().unwrap(), 3, &["401"]);
    let curl = served.acting_as("unused-credential", &["whoami", "--dry-run"]).output().unwrap();
    assert!(stdout(&curl).contains("/api/v2/caller-identity"), "{}", stderr(&curl));
}
