//! The workspace, and folders like it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;
use tempfile::TempDir;
use xtask::api::Document;

pub(crate) const DOCUMENT: &str = include_str!("../../../openapi.yaml");

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A file beside this repository with the vendor's own description of the API. A stranger's clone does not have it.
pub(crate) fn vendors(name: &str) -> Option<PathBuf> {
    let found = root().ancestors().map(|folder| folder.join("shared/spec").join(name)).find(|path| path.exists());
    if found.is_none() {
        println!("skipped: there is no folder `shared` with {name} beside this repository");
    }
    found
}

pub(crate) fn document() -> Value {
    static PARSED: LazyLock<Value> = LazyLock::new(|| Document::parse(DOCUMENT).unwrap().0);
    PARSED.clone()
}

/// The seed of what is random: `LDTOKENS_SEED`, which repeats a failure, or another one each time. It is printed.
pub(crate) fn seed() -> u64 {
    let seed = std::env::var("LDTOKENS_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("LDTOKENS_SEED={seed}");
    seed
}

/// Whether the tests take all the time that they need.
pub(crate) fn is_at_length() -> bool {
    std::env::var_os("LDTOKENS_AT_LENGTH").is_some()
}

/// Some of `all`, at random; all of them at length.
pub(crate) fn sample<T>(mut all: Vec<T>, count: usize, seed: u64) -> Vec<T> {
    if !is_at_length() {
        fastrand::Rng::with_seed(seed).shuffle(&mut all);
        all.truncate(count);
    }
    all
}

/// A folder with this document, and an overlay that changes nothing.
pub(crate) fn folder_with(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("openapi.yaml"), text).unwrap();
    let overlay = "overlay: 1.0.0\ninfo: {title: none, version: '1'}\nactions: []\n";
    fs::write(folder.path().join("vendor.overlay.yaml"), overlay).unwrap();
    folder
}
