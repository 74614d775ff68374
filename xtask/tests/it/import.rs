//! `cargo xtask import`.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use serde_json::{Value, json};
use xtask::api::{Change, Difference, Document};
use xtask::{Then, compare_with, import};

use crate::support::{self, DOCUMENT, document, folder_with, root};

/// The vendor's six operations since October 2026.
const NEWEST: &str = "official-tokens-v25.yaml";

/// The vendor's own document of that name.
fn vendors(name: &str) -> Option<(PathBuf, Document)> {
    let path = support::vendors(name)?;
    let document = xtask::document(path.to_str().unwrap()).unwrap();
    Some((path, document))
}

fn pointers(news: &[Difference]) -> Vec<&str> {
    news.iter().map(|difference| difference.new.as_str()).collect()
}

#[test]
fn the_vendors_document_has_no_news() {
    let Some((path, vendor)) = vendors(NEWEST) else { return };
    let comparison = compare_with(&root(), vendor).unwrap();
    assert!(comparison.news.is_empty(), "{:?}", comparison.news);
    assert!(comparison.unused.is_empty(), "{:?}", comparison.unused);
    assert!(comparison.all.len() > 100, "the overlay has something to do: {}", comparison.all.len());
    import(&root(), path.to_str().unwrap(), Then::Check).unwrap();
}

#[test]
fn the_news_since_the_vendors_older_document_are_those_of_october() {
    let Some((_, vendor)) = vendors("official-full.yaml.gz") else { return };
    let comparison = compare_with(&root(), vendor).unwrap();
    let news: Vec<_> = comparison.news.iter().map(|news| (news.location.as_str(), &news.change)).collect();
    let gone = Change::Removed { kind: "property".to_owned(), required: false };
    let marked = |set| Change::Marked { mark: "deprecated".to_owned(), set };
    assert_eq!(
        news,
        [("getToken > 200 > expiry", &gone), ("postToken > body > expiry", &gone), ("resetToken", &marked(false)),]
    );
}

#[test]
fn one_more_deprecation_in_the_vendors_document_is_the_only_news() {
    let Some((_, vendor)) = vendors(NEWEST) else { return };
    for pointer in [
        "/paths/~1api~1v2~1tokens~1{id}/delete",
        "/paths/~1api~1v2~1tokens/get/parameters/0",
        "/components/schemas/AccessTokenPost/properties/description",
    ] {
        let mut changed = vendor.clone();
        changed.0.pointer_mut(pointer).unwrap()["deprecated"] = json!(true);
        let news = compare_with(&root(), changed).unwrap().news;
        assert!(
            matches!(news.as_slice(), [Difference { change: Change::Marked { set: true, .. }, new, .. }] if new.starts_with(pointer))
        );
    }
}

#[test]
fn a_deprecation_or_its_end_is_news() {
    let folder = folder_with(DOCUMENT);
    for (pointer, deprecated) in [
        ("/paths/~1tokens/get", true),
        ("/paths/~1tokens/get/parameters/0", true),
        ("/paths/~1tokens/get/parameters/0/schema", true),
        ("/components/schemas/TokenBody/properties/name", true),
        ("/paths/~1tokens~1{tokenId}~1reset/post", false),
    ] {
        let mut vendor = document();
        vendor.pointer_mut(pointer).unwrap()["deprecated"] = json!(deprecated);
        let news = compare_with(folder.path(), Document(vendor)).unwrap().news;
        let news: Vec<_> = news.iter().map(|news| &news.change).collect();
        assert_eq!(news, [&Change::Marked { mark: "deprecated".to_owned(), set: deprecated }], "{pointer}");
    }
}

#[test]
fn one_type_changed_in_the_vendors_document_is_news_with_its_pointer() {
    let Some((_, vendor)) = vendors(NEWEST) else { return };
    for (pointer, kind) in [
        ("/components/schemas/Token/properties/name", "integer"),
        ("/components/schemas/AccessTokenPost/properties/serviceToken", "string"),
        ("/components/schemas/MemberSummary/properties/email", "boolean"),
    ] {
        let mut changed = vendor.clone();
        changed.0.pointer_mut(pointer).unwrap()["type"] = json!(kind);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("changed.json");
        fs::write(&path, changed.0.to_string()).unwrap();
        let comparison = compare_with(&root(), changed).unwrap();
        assert_eq!(pointers(&comparison.news), [pointer]);
        let error = import(&root(), path.to_str().unwrap(), Then::Check).unwrap_err().to_string();
        assert!(error.contains("has news"), "{error}");
    }
}

#[test]
fn an_overlay_action_without_a_target_is_reported() {
    let folder = folder_with(DOCUMENT);
    let overlay = "overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions:\n  - target: $.nowhere\n    description: once\n    remove: true\n";
    fs::write(folder.path().join("vendor.overlay.yaml"), overlay).unwrap();
    let comparison = compare_with(folder.path(), Document(document())).unwrap();
    assert_eq!(comparison.unused, ["$.nowhere: once"]);
}

#[test]
fn openapi_3_1_is_read_like_3_0() {
    let folder = folder_with(DOCUMENT);
    let mut newer = document();
    newer["openapi"] = json!("3.1.0");
    newer["components"]["schemas"]["Token"]["properties"]["name"]["type"] = json!(["string"]);
    let comparison = compare_with(folder.path(), Document::parse(&newer.to_string()).unwrap()).unwrap();
    assert!(comparison.news.is_empty(), "{:?}", comparison.news);
    newer["components"]["schemas"]["Token"]["properties"]["name"]["type"] = json!(["string", "null"]);
    let comparison = compare_with(folder.path(), Document(newer)).unwrap();
    assert_eq!(comparison.news.len(), 1, "{:?}", comparison.news);
}

/// What the vendor might add: a property, a parameter, a value.
fn with_additions() -> Value {
    let mut vendor = document();
    let shade = json!({ "type": "string", "description": "The shade.", "example": "blue" });
    vendor["components"]["schemas"]["Token"]["properties"]["shade"] = shade.clone();
    vendor["components"]["schemas"]["TokenBody"]["properties"]["shade"] = shade;
    vendor["components"]["schemas"]["BaseRole"]["enum"].as_array_mut().unwrap().push(json!("contributor"));
    let sort = json!({ "name": "sort", "in": "query", "description": "By what.", "schema": { "type": "string" }, "example": "name" });
    vendor["paths"]["/tokens"]["get"]["parameters"].as_array_mut().unwrap().push(sort);
    vendor
}

#[test]
fn additions_are_written_into_the_document_and_its_comments_and_order_are_kept() {
    let folder = folder_with(DOCUMENT);
    let vendor = folder.path().join("vendor.json.gz");
    let mut gzip = flate2::write::GzEncoder::new(fs::File::create(&vendor).unwrap(), flate2::Compression::fast());
    gzip.write_all(with_additions().to_string().as_bytes()).unwrap();
    gzip.finish().unwrap();
    import(folder.path(), vendor.to_str().unwrap(), Then::Apply).unwrap();

    let text = fs::read_to_string(folder.path().join("openapi.yaml")).unwrap();
    let comparison = compare_with(folder.path(), Document(with_additions())).unwrap();
    assert!(comparison.news.is_empty(), "{:?}", comparison.news);
    let mut added = text.lines();
    let missing: Vec<&str> = DOCUMENT
        .lines()
        .filter(|line| !line.contains("enum: [reader, writer, admin]"))
        .filter(|line| !added.any(|there| there == *line))
        .collect();
    assert!(missing.is_empty(), "every line is there still, in order: {missing:?}");
    assert!(text.contains("enum: [reader, writer, admin, contributor]"));
    xtask::lint(&text).unwrap();
    xtask::generate(folder.path()).unwrap();
}

#[test]
fn changes_other_than_additions_are_not_applied() {
    let folder = folder_with(DOCUMENT);
    let mut vendor = with_additions();
    vendor["components"]["schemas"]["Token"]["properties"]["name"]["type"] = json!("integer");
    let path = folder.path().join("vendor.json");
    fs::write(&path, vendor.to_string()).unwrap();
    import(folder.path(), path.to_str().unwrap(), Then::Apply).unwrap();
    let comparison = compare_with(folder.path(), Document(vendor)).unwrap();
    assert_eq!(pointers(&comparison.news), ["/components/schemas/Token/properties/name"]);
}

#[test]
fn a_file_that_is_not_openapi_is_refused() {
    let folder = folder_with(DOCUMENT);
    let path = folder.path().join("other");
    for (bytes, words) in [
        (&b"{}"[..], "not an OpenAPI document"),
        (b"swagger: '2.0'", "not an OpenAPI document"),
        (b"\x1f\x8bdamaged", "gzip is damaged"),
        (b"\xfc\xfe", "not UTF-8"),
        (b"a: b: c", "neither YAML nor JSON"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = format!("{:#}", xtask::document(path.to_str().unwrap()).unwrap_err());
        assert!(error.contains(words), "{error}");
    }
    assert!(xtask::document("nowhere.yaml").is_err());
    assert!(xtask::document_or_revision(&root(), "no-such-revision").is_err());
}
