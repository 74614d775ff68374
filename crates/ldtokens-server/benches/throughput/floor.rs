//! The floor: what a server with the same libraries needs at least.

use std::path::Path;
use std::time::{Duration, Instant};

use axum::http::header::CONTENT_TYPE;
use axum::routing::get;

/// A handler that always responds with the same page, or the same token.
pub(crate) fn bare_axum(token: String, page: String) -> axum::Router {
    let json = |text: String| get(async move || ([(CONTENT_TYPE, "application/json")], text.clone()));
    axum::Router::new().route("/api/v2/tokens", json(page)).route("/api/v2/tokens/{id}", json(token))
}

/// Inserts what postToken inserts, in one thread, with a durable commit for each.
pub(crate) fn inserts_a_second(file: &Path, document: &str, measured: Duration) -> f64 {
    let store = rusqlite::Connection::open(file).expect("the folder can be written");
    store
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE token (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL) STRICT;
             CREATE TABLE secret (hash BLOB PRIMARY KEY, token TEXT NOT NULL) STRICT;",
        )
        .expect("the store is new");
    let mut count: u64 = 0;
    let started = Instant::now();
    while started.elapsed() < measured {
        count += 1;
        let id = format!("{:024x}", fastrand::u64(..));
        store.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
        let insert = |sql: &str| store.prepare_cached(sql).expect("it is SQL");
        insert("INSERT INTO token (id, document) VALUES (?, ?)").execute([&id, document]).expect("it is new");
        insert("INSERT INTO secret (hash, token) VALUES (?, ?)")
            .execute(rusqlite::params![fastrand::u128(..).to_le_bytes(), id])
            .expect("it is new");
        store.execute_batch("COMMIT").expect("the disk has room");
    }
    count as f64 / started.elapsed().as_secs_f64()
}
