//! `audit`, `inventory`, `diff`, and `list` of a saved inventory.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{OWNER, Served, ldtokens, refused, stderr, stdout};

const DAY: i64 = 86_400_000;
const UNUSED: &str = "aaaaaaaaaaaaaaaaaaaaaaa1";
const PLAIN: &str = "aaaaaaaaaaaaaaaaaaaaaaa2";
const READER: &str = "api-5a1e7e1c-0000-4000-8000-1f2e3d4c5b6a";

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// An account with an unused token, one without any fault, a reader's token, and the owner's.
fn account() -> (TempDir, Served) {
    let folder = tempfile::tempdir().unwrap();
    let now = now();
    let token = |id: &str, name: &str, used: i64| {
        json!({
            "id": id, "name": name, "description": "x", "role": "reader", "serviceToken": true, "member": "owner@example.com",
            "creationDate": now - 300 * DAY, "lastUsed": now - used * DAY, "expiry": now + 300 * DAY,
        })
    };
    let mut reader = token("aaaaaaaaaaaaaaaaaaaaaaa3", "Reads", 1);
    reader["secret"] = READER.into();
    let account = json!({
        "members": [{ "email": "owner@example.com", "role": "owner" }],
        "tokens": [
            { "name": "Owner", "role": "admin", "member": "owner@example.com", "secret": OWNER, "expiry": now + 300 * DAY,
              "description": "x" },
            token(UNUSED, "Old export", 95),
            token(PLAIN, "Export", 1),
            reader,
        ],
    });
    let file = folder.path().join("account.json");
    fs::write(&file, account.to_string()).unwrap();
    let served = Served::with(&["--account", file.to_str().unwrap()]);
    (folder, served)
}

/// The rules and tokens of the findings in JSON.
fn findings(output: &Output) -> Vec<(String, String)> {
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(output)));
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let findings = json["findings"].as_array().unwrap().iter();
    findings.map(|finding| (text(finding, "rule"), text(finding, "tokenName"))).collect()
}

fn pair(rule: &str, name: &str) -> (String, String) {
    (rule.to_owned(), name.to_owned())
}

#[test]
fn an_audit_reports_and_fails_on_what_it_is_told_to() {
    let (_folder, served) = account();
    let audit = |flags: &[&str]| served.owner(&[&["audit", "-o", "json"], flags].concat()).output().unwrap();
    let all = [pair("admin", "Owner"), pair("unused", "Old export")];
    for (flags, status) in
        [(&[][..], 0), (&["--fail-on", "critical"], 0), (&["--fail-on", "high"], 15), (&["--fail-on", "low"], 15)]
    {
        let output = audit(flags);
        assert_eq!(
            (output.status.code(), findings(&output)),
            (Some(status), all.to_vec()),
            "{flags:?}: {}",
            stderr(&output)
        );
    }
    let output = audit(&["--fail-on", "high"]);
    let error: Value = serde_json::from_str(&stderr(&output)).unwrap();
    assert_eq!(error["error"]["kind"], "findings");
    assert_eq!(error["error"]["message"], "1 finding is high or above");
}

#[test]
fn an_audit_of_what_a_reader_sees_never_passes_unless_no_more_is_asked_for() {
    let (_folder, served) = account();
    let audit =
        |flags: &[&str]| served.acting_as(READER, &[&["audit", "-o", "json"], flags].concat()).output().unwrap();
    let output = audit(&[]);
    // The owner's credential has a personal token, which a reader's service token does not see.
    assert_eq!(findings(&output)[0], pair("partial-inventory", ""));
    assert_eq!(output.status.code(), Some(10), "{}", stderr(&output));
    assert_eq!(audit(&["--fail-on", "critical"]).status.code(), Some(15));
    let visible = audit(&["--visible-only"]);
    assert_eq!(visible.status.code(), Some(0), "{}", stderr(&visible));
    assert!(!findings(&visible).contains(&pair("partial-inventory", "")));
}

#[test]
fn an_audit_that_cannot_read_the_list_fails() {
    for (fault, status) in [("getTokens status=422", 6), ("getTokens status=403", 4)] {
        let served = Served::with(&["--fault", fault]);
        let output = served.owner(&["audit"]).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(status), String::new()), "{}", stderr(&output));
    }
}

#[test]
fn with_a_baseline_only_news_fails_and_a_policy_accepts_findings_for_a_time() {
    let (folder, served) = account();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let audit = |flags: &[&str]| served.owner(&[&["audit"], flags].concat()).output().unwrap();
    let baseline = path("baseline.json");
    assert!(audit(&["-o", "json", "--to", &baseline]).status.success());
    let again = ["--baseline", &baseline, "--fail-on", "low"];
    assert_eq!(audit(&again).status.code(), Some(0));
    assert!(
        served
            .owner(&["create", "--name", "News", "--role", "admin", "--secret-to", "-"])
            .output()
            .unwrap()
            .status
            .success()
    );
    let output = audit(&again);
    assert_eq!(output.status.code(), Some(15), "{}", stderr(&output));
    assert_eq!(stderr(&output), "error: 3 findings are new and low or above\n", "admin, no expiry, no description");

    let policy = path("audit.yaml");
    fs::write(&policy, format!("exceptions: [{{rule: unused, token: {UNUSED}, reason: yearly, until: 2099-01-31}}]"))
        .unwrap();
    let output = audit(&["--policy", &policy, "-o", "json"]);
    assert!(!findings(&output).contains(&pair("unused", "Old export")));
    assert!(stdout(&output).contains("\"yearly\""));
    fs::write(&policy, "rules: {unsued: {days: 3}}").unwrap();
    refused(&audit(&["--policy", &policy]), 2, &["audit.yaml", "unsued"]);
    fs::write(&baseline, "[]").unwrap();
    refused(&audit(&again), 2, &["baseline.json", "not a report"]);
}

#[test]
fn each_format_of_an_audit_has_the_findings() {
    let (folder, served) = account();
    let report = |format: &str| stdout(&served.owner(&["audit", "-o", format]).output().unwrap());
    for (format, start) in [
        ("table", "SEVERITY  RULE"),
        ("markdown", "## Access tokens: 1 high, 1 medium"),
        ("csv", "rule,severity,tokenIds"),
        ("prometheus", "# HELP ldtokens_token_expiration_timestamp_seconds"),
        ("html", "<!DOCTYPE html>"),
        ("ndjson", "{\"rule\":\"admin\""),
        ("yaml", "auditedAt:"),
    ] {
        let text = report(format);
        assert!(text.starts_with(start) && text.contains("unused"), "{format}: {text}");
    }
    refused(&served.owner(&["audit", "-o", "value"]).output().unwrap(), 2, &["audit"]);
    refused(&served.owner(&["list", "-o", "html"]).output().unwrap(), 2, &["ldtokens audit"]);
    let page = folder.path().join("audit.html");
    fs::write(&page, "old").unwrap();
    assert!(served.owner(&["audit", "-o", "html", "--to", page.to_str().unwrap()]).output().unwrap().status.success());
    assert!(fs::read_to_string(&page).unwrap().starts_with("<!DOCTYPE html>"));
    let schema = ldtokens(&["audit", "--policy-schema"]).output().unwrap();
    let schema: Value = serde_json::from_slice(&schema.stdout).unwrap();
    assert!(schema["properties"]["exceptions"].is_object());
}

/// Saves an inventory, and returns its path.
fn save(served: &Served, folder: &Path, name: &str) -> String {
    let path = folder.join(name).to_str().unwrap().to_owned();
    let output = served.owner(&["inventory", "--to", &path]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    path
}

#[test]
fn an_inventory_is_written_to_a_device_that_leads_to_a_pipe() {
    let served = Served::start();
    for device in ["/dev/stdout", "/dev/fd/1"] {
        let output = served.owner(&["inventory", "--to", device]).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let inventory: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(!inventory["tokens"].as_array().unwrap().is_empty());
        // As with `head`, which may not read all of it.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = served.owner(&["inventory", "--to", device]).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    }
}

/// Docker mounts single files, which can't be replaced.
#[cfg(target_os = "linux")]
#[test]
fn a_report_keeps_the_owner_of_its_file_and_a_mounted_file_is_written_in_place() {
    use std::os::unix::fs::{MetadataExt, chown};
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let (report, mounted) = (folder.path().join("report"), folder.path().join("mounted"));
    for file in [&report, &mounted] {
        fs::write(file, "old and longer than the new one".repeat(10_000)).unwrap();
    }
    if chown(&report, Some(12345), Some(12345)).is_err() {
        return crate::support::skipped("only root can give a file to another user");
    }
    let inventory = ["inventory", "--to", report.to_str().unwrap()];
    assert!(served.owner(&inventory).output().unwrap().status.success());
    assert_eq!(fs::metadata(&report).unwrap().uid(), 12345);
    // As JSON, of which nothing of the old text is left.
    let count = |file| {
        let inventory: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        inventory["tokens"].as_array().unwrap().len()
    };
    let script = "mount --bind \"$1\" \"$2\" && echo mounted && shift 2 && exec \"$@\"";
    let mut command = std::process::Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh"]).args([&mounted, &report]);
    command.arg(env!("CARGO_BIN_EXE_ldtokens")).args(inventory).args(["--host", &served.url]);
    match command.env("LD_ACCESS_TOKEN", OWNER).output() {
        Ok(output) if stdout(&output).starts_with("mounted") => {
            assert!(output.status.success(), "{}", stderr(&output));
            assert_eq!(count(&mounted), count(&report));
        }
        _ => crate::support::skipped("mounting is not permitted here"),
    }
}

#[test]
fn a_saved_inventory_is_listed_audited_and_compared_without_an_account() {
    let (folder, served) = account();
    let old = save(&served, folder.path(), "old.json");
    assert!(!fs::read_to_string(&old).unwrap().contains(&OWNER[..20]));
    let admin = "[{\"op\": \"replace\", \"path\": \"/role\", \"value\": \"admin\"}]";
    let patch = crate::support::with_stdin(served.owner(&["patchToken", &format!("tokenId={PLAIN}"), "-"]), admin);
    assert!(patch.status.success(), "{}", stderr(&patch));
    assert!(served.owner(&["delete", UNUSED, "--yes"]).output().unwrap().status.success());
    let new = save(&served, folder.path(), "new.json");
    drop(served);

    let run = |arguments: &[&str]| ldtokens(arguments).output().unwrap();
    assert_eq!(
        findings(&run(&["audit", "--from", &old, "-o", "json"])),
        [pair("admin", "Owner"), pair("unused", "Old export")]
    );
    assert_eq!(
        findings(&run(&["audit", "--from", &new, "-o", "json"])),
        [pair("admin", "Owner"), pair("admin", "Export")]
    );
    let names = run(&["list", "--from", &old, "--unused-for", "90d", "--columns", "name", "-o", "value"]);
    assert_eq!(stdout(&names), "Old export\n", "{}", stderr(&names));
    let diff = run(&["diff", &old, &new, "-o", "json"]);
    let diff: Value = serde_json::from_slice(&diff.stdout).unwrap();
    let kinds: Vec<&str> =
        diff["changes"].as_array().unwrap().iter().map(|change| change["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["more-powerful", "gone"]);
    assert_eq!(stdout(&run(&["diff", &old, &old])), "no changes\n");
    let account = fs::read_to_string(&new).unwrap().replace("\"accountId\": \"", "\"accountId\": \"other");
    let other = folder.path().join("other.json");
    fs::write(&other, account).unwrap();
    refused(&run(&["diff", &old, other.to_str().unwrap()]), 2, &["two accounts"]);
    refused(&run(&["audit", "--from", &old, "--local"]), 2, &["--local"]);
    refused(&run(&["audit", "--from", "/nonexistent"]), 2, &["/nonexistent"]);
}

#[test]
fn what_is_missing_in_a_saved_inventory_is_said_by_all_that_read_it() {
    let (folder, served) = account();
    let path = folder.path().join("part.json");
    let path = path.to_str().unwrap();
    let output = served.acting_as(READER, &["inventory", "--to", path]).output().unwrap();
    assert_eq!(output.status.code(), Some(10), "{}", stderr(&output));
    assert_eq!(ldtokens(&["audit", "--from", path]).output().unwrap().status.code(), Some(10));
    assert_eq!(ldtokens(&["list", "--from", path]).output().unwrap().status.code(), Some(10));
    let diff = ldtokens(&["diff", path, path]).output().unwrap();
    assert!(stderr(&diff).contains("may still be there"), "{}", stderr(&diff));
}
