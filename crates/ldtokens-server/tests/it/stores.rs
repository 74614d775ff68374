//! The store: kept, refused, and never with a secret in it.

use std::path::Path;
use std::time::Duration;

use ldtokens_client::{Role, Secret};
use ldtokens_server::{Server, StartError};
use reqwest::StatusCode;
use sha2::Digest;

pub async fn start(store: &Path) -> Result<Server, StartError> {
    Server::builder().store(store).start().await
}

/// The names of the files in a folder, in order.
pub fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn lock_files(folder: &Path) -> Vec<String> {
    files(folder).into_iter().filter(|name| name.ends_with("-lock")).collect()
}

async fn status(server: &Server, secret: &Secret) -> StatusCode {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.get(format!("{}/api/v2/tokens", server.url())).header("Authorization", secret.expose());
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn a_store_keeps_its_tokens_and_secrets_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("ld.db");
    let secret = Secret::new("a-secret-of-my-own-choice");
    let server = Server::builder().store(&store).owner_secret(secret.clone()).start().await.unwrap();
    assert_eq!(status(&server, &secret).await, 200);
    server.stop().await;
    let server = start(&store).await.unwrap();
    assert_eq!(server.owner_secret(), None, "the store keeps only the hash");
    assert_eq!(status(&server, &secret).await, 200);
    server.stop().await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(secret.expose().len()).any(|window| window == secret.expose().as_bytes()));
    }
}

#[tokio::test]
async fn a_second_server_on_a_store_is_refused_until_the_first_stops() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("ld.db");
    let first = start(&store).await.unwrap();
    let owner = first.owner_secret().unwrap().clone();
    let error = start(&store).await.unwrap_err().to_string();
    assert!(error.contains("another server has it open"), "{error}");
    assert_eq!(status(&first, &owner).await, 200);
    first.stop().await;
    assert_eq!(files(folder.path()), ["ld.db", "ld.db-lock"], "a copy of the file is a copy of the store");
    let second = start(&store).await.unwrap();
    assert_eq!(status(&second, &owner).await, 200);
}

#[tokio::test]
async fn a_file_that_is_not_a_store_is_refused_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("text"), "some text, and enough of it to fill the head of a database file ".repeat(4)).unwrap();
    let other = rusqlite::Connection::open(path("other")).unwrap();
    other.execute_batch("CREATE TABLE t (x)").unwrap();
    drop(other);
    start(&path("newer")).await.unwrap().stop().await;
    let newer = rusqlite::Connection::open(path("newer")).unwrap();
    newer.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(newer);
    start(&path("damaged")).await.unwrap().stop().await;
    let mut bytes = std::fs::read(path("damaged")).unwrap();
    bytes.truncate(bytes.len() / 2);
    bytes[200..].fill(0xAA);
    std::fs::write(path("damaged"), bytes).unwrap();

    for (name, reason) in
        [("text", "not a database"), ("other", "of another program"), ("newer", "version 99"), ("damaged", "damaged")]
    {
        let before = std::fs::read(path(name)).unwrap();
        let locks_before = lock_files(folder.path());
        let error = start(&path(name)).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{name}: {error}");
        assert_eq!(std::fs::read(path(name)).unwrap(), before, "{name}");
        assert_eq!(lock_files(folder.path()), locks_before, "{name}: no new one is left, and an old one stays");
    }
}

#[tokio::test]
async fn a_port_in_use_is_named_and_no_store_is_created() {
    let server = Server::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("ld.db");
    let error = Server::builder().listen(server.addr()).store(&store).start().await.unwrap_err().to_string();
    assert!(error.contains(&server.addr().to_string()) && error.contains("in use"), "{error}");
    assert!(!store.exists());
}

#[tokio::test]
async fn reads_are_answered_while_a_write_waits() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("ld.db");
    let server = start(&store).await.unwrap();
    let owner = server.owner_secret().unwrap().clone();
    // Nobody else can write until this is over.
    let other = rusqlite::Connection::open(&store).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().unwrap();
    let tokens = format!("{}/api/v2/tokens", server.url());
    let post = http.post(&tokens).header("Authorization", owner.expose()).body(r#"{"role": "reader"}"#);
    let write = tokio::spawn(post.send());
    for _ in 0..200 {
        let read = http.get(&tokens).header("Authorization", owner.expose()).send().await;
        assert_eq!(read.expect("a read waits for the write").status(), StatusCode::OK);
    }
    assert!(!write.is_finished(), "the write did not wait");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(write.await.unwrap().unwrap().status(), StatusCode::CREATED);
}

/// A store as version 1 of the format was, with an owner, whose secret is `a-secret-of-my-own-choice`.
const VERSION_1: &str = r#"
    CREATE TABLE member (id TEXT PRIMARY KEY, email TEXT NOT NULL, role TEXT NOT NULL, first_name TEXT NOT NULL,
        last_name TEXT NOT NULL) STRICT;
    CREATE TABLE token (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
        member TEXT NOT NULL REFERENCES member (id), service INTEGER NOT NULL, last_used INTEGER, document TEXT NOT NULL) STRICT;
    CREATE TABLE secret (hash BLOB PRIMARY KEY, token TEXT NOT NULL REFERENCES token (id) ON DELETE CASCADE,
        expires INTEGER) STRICT;
    CREATE INDEX secret_of_token ON secret (token);
    INSERT INTO member VALUES ('00000000000000000000000a', 'owner@example.com', 'owner', 'Example', 'Owner');
    INSERT INTO token (id, member, service, document) VALUES ('00000000000000000000000b', '00000000000000000000000a', 0,
        '{"_id": "00000000000000000000000b", "ownerId": "00000000000000000000000a", "memberId": "00000000000000000000000a",
          "creationDate": 1, "lastModified": 1, "role": "admin", "token": "oice", "serviceToken": false,
          "defaultApiVersion": 20240415}');
    PRAGMA application_id = 1279554667;
    PRAGMA user_version = 1;
"#;

#[tokio::test]
async fn a_store_of_an_older_version_is_upgraded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old");
    let secret = Secret::new("a-secret-of-my-own-choice");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(VERSION_1).unwrap();
    let hash: [u8; 32] = sha2::Sha256::digest(secret.expose()).into();
    old.execute("INSERT INTO secret (hash, token) VALUES (?, '00000000000000000000000b')", [hash]).unwrap();
    drop(old);
    for _ in 0..2 {
        let server = start(&path).await.unwrap();
        assert_eq!(status(&server, &secret).await, 200);
        server.stop().await;
    }
    let now = rusqlite::Connection::open(&path).unwrap();
    let version: i32 = now.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 5);
}

/// What version 2 of the format added, with a custom role, a member, and a token of theirs as version 2 kept it.
const VERSION_2: &str = r#"
    ALTER TABLE member ADD COLUMN custom_roles TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE token ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX token_of_member ON token (member, service);
    CREATE TABLE custom_role (id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, policy TEXT NOT NULL) STRICT;
    INSERT INTO custom_role VALUES ('00000000000000000000000c', 'rotators', 'Rotators', '[]');
    INSERT INTO member (id, email, role, first_name, last_name)
        VALUES ('000000000000000000000001', 'reader@example.com', 'reader', 'Example', 'Reader');
    INSERT INTO token (id, member, service, document) VALUES ('00000000000000000000000d', '000000000000000000000001', 1,
        '{"_id": "00000000000000000000000d", "ownerId": "000000000000000000000001", "memberId": "000000000000000000000001",
          "creationDate": 1, "lastModified": 1, "customRoleIds": ["rotators", "gone"], "token": "none",
          "serviceToken": true, "defaultApiVersion": 20240415}');
    PRAGMA user_version = 2;
"#;

#[tokio::test]
async fn a_token_of_version_2_gets_the_accounts_owner_and_the_ids_of_its_roles() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(VERSION_1).unwrap();
    old.execute_batch(VERSION_2).unwrap();
    drop(old);
    let server = Server::builder().store(&path).session().start().await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/api/v2/tokens/00000000000000000000000d", server.url());
    let shown = http.get(url).header("Authorization", server.session_secret().unwrap().expose()).send().await.unwrap();
    let shown: serde_json::Value = shown.json().await.unwrap();
    assert_eq!(shown["ownerId"], "00000000000000000000000a");
    assert_eq!(shown["customRoleIds"], serde_json::json!(["00000000000000000000000c", "gone"]));
}

#[tokio::test]
async fn set_member_role_returns_an_error_if_the_store_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ld.db");
    let server = start(&path).await.unwrap();
    assert!(server.set_member_role("reader@example.com", Role::Writer).await.unwrap());
    assert!(!server.set_member_role("nobody@example.com", Role::Writer).await.unwrap());
    let other = rusqlite::Connection::open(&path).unwrap();
    let failing = "CREATE TRIGGER failing BEFORE UPDATE ON member BEGIN SELECT RAISE(FAIL, 'as if by the disk'); END";
    other.execute_batch(failing).unwrap();
    assert!(server.set_member_role("reader@example.com", Role::Reader).await.is_err());
}

/// What a server of version 2 of the format left.
const LEFT_BY_VERSION_2: &str = include_str!("version_2.sql");

#[tokio::test]
async fn the_upgrade_from_version_2_keeps_and_counts_all_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old");
    rusqlite::Connection::open(&path).unwrap().execute_batch(LEFT_BY_VERSION_2).unwrap();
    let owner = Secret::new("a-secret-of-my-own-choice");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for _ in 0..2 {
        let server = start(&path).await.unwrap();
        let tokens = format!("{}/api/v2/tokens", server.url());
        let get = async |path: &str| -> serde_json::Value {
            let request = http.get(format!("{tokens}{path}")).header("Authorization", owner.expose());
            request.send().await.unwrap().json().await.unwrap()
        };
        let all = get("?showAll=true").await;
        let names: Vec<_> =
            all["items"].as_array().unwrap().iter().map(|token| token["name"].as_str().unwrap()).collect();
        let seeded = ["Terraform 0", "Terraform 1", "Dashboard 2", "Warehouse sync 3"];
        assert_eq!(names, [&["Owner", "Admin", "Writer", "Reader"][..], &seeded, &["one", "two again"]].concat());
        assert_eq!(all["totalCount"], 10);
        assert_eq!(get("?limit=1").await["totalCount"], 6, "service tokens, and the owner's own");
        assert_eq!(get("?limit=1&offset=4").await["items"][0]["name"], "one");
        assert_eq!(all["items"][4]["lastUsed"], 1_708_422_296_952_i64);
        assert_eq!(all["items"][1]["lastUsed"], 0);
        let post = http.post(&tokens).header("Authorization", owner.expose()).body(r#"{"role": "reader"}"#);
        let made: serde_json::Value = post.send().await.unwrap().json().await.unwrap();
        assert_eq!(get("?limit=1").await["totalCount"], 7);
        let made = format!("{tokens}/{}", made["_id"].as_str().unwrap());
        http.delete(made).header("Authorization", owner.expose()).send().await.unwrap();
        server.stop().await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_second_server_is_refused_under_any_path_of_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // Also where the link was there before the file.
    std::os::unix::fs::symlink("ld.db", path("link")).unwrap();
    std::fs::create_dir(path("folder")).unwrap();
    std::os::unix::fs::symlink("..", path("folder/up")).unwrap();
    let first = start(&path("link")).await.unwrap();
    let owner = first.owner_secret().unwrap().clone();
    assert!(path("ld.db").is_file());
    std::fs::hard_link(path("ld.db"), path("other")).unwrap();
    for (name, reason) in [
        ("ld.db", "another server has it open"),
        ("link", "another server has it open"),
        ("folder/up/ld.db", "another server has it open"),
        ("other", "hard link"),
    ] {
        let error = start(&path(name)).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{name}: {error}");
    }
    let uri = format!("file:{}", path("ld.db").display());
    let error = start(Path::new(&uri)).await.unwrap_err().to_string();
    assert!(error.contains("URI"), "{error}");
    assert_eq!(status(&first, &owner).await, 200);
    first.stop().await;
    std::fs::remove_file(path("other")).unwrap();
    assert_eq!(status(&start(&path("link")).await.unwrap(), &owner).await, 200);
}

#[tokio::test]
async fn a_path_that_is_not_a_file_is_refused_and_nothing_is_created() {
    let folder = tempfile::tempdir().unwrap();
    for (name, reason) in
        [(":memory:", "leave out --store"), ("", "empty"), ("file:ld.db", "URI"), ("FILE::memory:", "URI")]
    {
        let started = start(Path::new(name)).await;
        // If it was created, it must not be in the way of the next run.
        let was_created = std::fs::remove_file(name).is_ok();
        let error = started.unwrap_err().to_string();
        assert!(error.contains(reason), "{name}: {error}");
        assert!(!was_created, "{name}");
    }
    // A file can have any name.
    let odd = folder.path().join(":memory:");
    start(&odd).await.unwrap().stop().await;
    assert!(odd.is_file());
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files_of_a_store() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let server = start(&folder.path().join("ld.db")).await.unwrap();
    let names = files(folder.path());
    assert_eq!(names, ["ld.db", "ld.db-lock", "ld.db-shm", "ld.db-wal"]);
    for name in names {
        let metadata = std::fs::metadata(folder.path().join(&name)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
    }
    drop(server);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_path_without_permission_is_named() {
    let error = start(Path::new("/proc/ld.db")).await.unwrap_err().to_string();
    assert!(error.contains("/proc/ld.db") && error.contains("permissions"), "{error}");
}

#[tokio::test]
async fn seeded_tokens_are_the_same_each_time() {
    let list = async || {
        let server = Server::builder().seed_tokens(300).start().await.unwrap();
        let owner = server.owner_secret().unwrap().clone();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/api/v2/tokens?showAll=true&limit=300&offset=4", server.url());
        http.get(url).header("Authorization", owner.expose()).send().await.unwrap().text().await.unwrap()
    };
    let first = list().await;
    assert_eq!(first, list().await);
    assert_eq!(first.matches("\"creationDate\"").count(), 300);
}

#[tokio::test]
async fn a_session_secret_works_as_the_owner_until_the_server_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ld.db");
    let with_session = || Server::builder().store(&path).session().start();
    let first = with_session().await.unwrap();
    let secret = first.session_secret().unwrap().clone();
    assert_eq!(status(&first, &secret).await, 200);
    assert_eq!(status(&first, &Secret::new(&secret.expose()[1..])).await, 401);
    first.stop().await;
    let second = with_session().await.unwrap();
    assert_eq!(status(&second, &secret).await, 401, "another server has another");
    assert_eq!(status(&second, second.session_secret().unwrap()).await, 200);
    second.stop().await;
    let plain = start(&path).await.unwrap();
    assert!(plain.session_secret().is_none());
}

#[tokio::test]
async fn a_server_with_store_wait_opens_the_store_once_the_other_has_closed_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ld.db");
    let first = Server::builder().store(&path).start().await.unwrap();
    let second = tokio::spawn(Server::builder().store(&path).store_wait(Duration::from_secs(30)).start());
    assert!(Server::builder().store(&path).store_wait(Duration::from_millis(1)).start().await.is_err());
    first.stop().await;
    second.await.unwrap().unwrap().stop().await;
}
