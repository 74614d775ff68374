//! Which files are taken for a store, and what happens if one is damaged.

use ldtokens_server::Server;

use crate::stores::{files, start};

#[tokio::test]
async fn a_file_of_a_few_bytes_is_not_taken_for_an_empty_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("note");
    for text in ["x", "SQLite format 3", "not a store, but longer than the head of one"] {
        std::fs::write(&path, text).unwrap();
        let error = start(&path).await.unwrap_err().to_string();
        assert!(error.contains("not a database"), "{text:?}: {error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        assert_eq!(files(folder.path()), ["note"]);
    }
    std::fs::write(&path, "").unwrap();
    start(&path).await.unwrap().stop().await;
}

/// As by a bind mount: another path, beside which there is another lock file.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_store_that_another_process_has_locked_by_another_path_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ld.db");
    start(&path).await.unwrap().stop().await;
    std::fs::remove_file(folder.path().join("ld.db-lock")).unwrap();
    let other = std::fs::File::open(&path).unwrap();
    other.lock().unwrap();
    let error = start(&path).await.unwrap_err().to_string();
    assert!(error.contains("another server has it open"), "{error}");
    assert_eq!(files(folder.path()), ["ld.db"], "the new lock file is removed");
    drop(other);
    let server = start(&path).await.unwrap();
    assert!(std::fs::File::open(&path).unwrap().try_lock().is_err(), "a server locks the file itself");
    server.stop().await;
}

#[tokio::test]
async fn a_damaged_token_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ld.db");
    let server = Server::builder().store(&path).seed_tokens(3).start().await.unwrap();
    let owner = server.owner_secret().unwrap().clone();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str| {
        let request = http.get(format!("{}/api/v2/tokens{path}", server.url())).header("Authorization", owner.expose());
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json::<serde_json::Value>().await.unwrap())
    };
    let id = "5eed00000000000000000001".to_owned();
    assert_eq!(get(&format!("/{id}")).await.0, 200);
    let other = rusqlite::Connection::open(&path).unwrap();
    for damaged in ["", "null", "{", "{\"name\": }", "[]", "{}{}"] {
        other.execute("UPDATE token SET document = ? WHERE id = ?", [damaged, &id]).unwrap();
        for read in ["?showAll=true".to_owned(), format!("/{id}")] {
            let (status, error) = get(&read).await;
            assert_eq!(status, 500, "{damaged:?}: {error}");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains("damaged") && message.contains(&id), "{damaged:?}: {message}");
        }
        assert_eq!(get("/5eed00000000000000000002").await.0, 200, "the others can be read");
    }
}
