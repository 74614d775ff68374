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
    let document = xtask::document(&root(), path.to_str().unwrap()).unwrap();
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
    let gone = Change::Removed { kind: "property", required: false };
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

/// Each is one edit of the vendor's document, and a word of the only news that it is.
#[test]
fn what_touches_us_is_one_news() {
    let folder = folder_with(DOCUMENT);
    let get = "/paths/~1tokens/get";
    let mut versions = document()["paths"]["/tokens"]["get"].clone();
    versions["operationId"] = json!("getVersions");
    for (pointer, value, words) in [
        ("/paths/~1tokens~1versions", json!({ "get": versions }), "operation added"),
        ("/security", json!([]), "authorized by"),
        ("/paths/~1tokens/get/security", json!([]), "authorized by"),
        ("/servers/1/url", json!("https://app.example.com/api/v2"), "server"),
        ("/components/schemas/TokenBody/properties/name/readOnly", json!(true), "readOnly"),
        ("/components/schemas/Token/properties/name/readOnly", json!(true), "readOnly"),
        ("/components/schemas/TokenBody/properties/name/default", json!("x"), "default from null to \"x\""),
        ("/components/schemas/TokenBody/properties/name/surprise", json!("x"), "not classified: surprise"),
        ("/components/schemas/TokenBody/properties/name/maxLength", json!(10), "maxLength 10 set"),
        ("/paths/~1tokens/post/requestBody/content/application~1xml", json!({}), "media type added"),
        ("/paths/~1tokens/get/parameters/0/explode", json!(false), "explode"),
        ("/paths/~1tokens/get/callbacks", json!({ "x": {} }), "not classified: callbacks"),
    ] {
        let mut vendor = document();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        vendor.pointer_mut(parent).unwrap()[name.replace("~1", "/")] = value;
        let news = compare_with(folder.path(), Document(vendor)).unwrap().news;
        assert!(news.iter().any(|news| news.change.to_string().contains(words)), "{pointer}: {news:?}");
        let places: std::collections::BTreeSet<_> = news.iter().map(|news| &news.new).collect();
        assert!(places.len() <= 6 && (pointer == "/security" || news.len() <= 2), "{get} {pointer}: {news:?}");
    }
}

#[test]
fn what_the_vendor_calls_otherwise_is_no_news_or_one() {
    let Some(path) = support::vendors(NEWEST) else { return };
    let text = fs::read_to_string(path).unwrap();
    for (from, to, news) in
        [("application/json:", "application/json; charset=utf-8:", 1), ("tokens/{id}", "tokens/{key}", 0)]
    {
        let changed = text.replace(from, to);
        let comparison = compare_with(&root(), Document::parse(&changed).unwrap()).unwrap();
        assert_eq!(comparison.news.len(), news, "{from}: {:?}", comparison.news);
    }
    // The parameter, too. It is told once, since it is one component of ours.
    let changed = text.replace("tokens/{id}", "tokens/{key}").replace("name: id\n", "name: key\n");
    let news = compare_with(&root(), Document::parse(&changed).unwrap()).unwrap().news;
    let places: std::collections::BTreeSet<_> = news.iter().map(|news| (&news.old, &news.change)).collect();
    assert_eq!(places.len(), 1, "{news:?}");
    // What the overlay names: it has to be changed, and everything else is compared.
    for (from, to) in [("NotFoundErrorRep", "MissingErrorRep"), ("JSONPatch", "Patches")] {
        let comparison = compare_with(&root(), Document::parse(&text.replace(from, to)).unwrap()).unwrap();
        assert!(!comparison.unused.is_empty() || !comparison.news.is_empty(), "{from}");
    }
}

#[test]
fn words_of_yaml_1_1_are_words() {
    let document = Document::parse("openapi: 3.0.3\nn: [no, on, y, yes, off, NO, true]").unwrap().0;
    assert_eq!(document["n"], json!(["no", "on", "y", "yes", "off", "NO", true]));
}

#[test]
fn a_document_may_be_gzipped_in_parts_or_in_utf_16() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("document");
    let (one, two) = DOCUMENT.split_at(DOCUMENT.len() / 2);
    let mut bytes = Vec::new();
    for part in [one, two] {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(part.as_bytes()).unwrap();
        bytes.extend(gzip.finish().unwrap());
    }
    let little: Vec<u8> = "\u{feff}".encode_utf16().chain(DOCUMENT.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = "\u{feff}".encode_utf16().chain(DOCUMENT.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    for bytes in [bytes, little, big, format!("\u{feff}{DOCUMENT}").into_bytes()] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(xtask::document(&root(), path.to_str().unwrap()).unwrap().0, document());
    }
}

#[test]
fn a_reference_is_written_out_under_the_propertys_own_name() {
    let folder = folder_with(DOCUMENT);
    let mut vendor = document();
    vendor["components"]["schemas"]["Stamp"] = json!({ "type": "string", "description": "d", "example": "x" });
    for name in ["hint", "other/hint", "a~b"] {
        vendor["components"]["schemas"]["Token"]["properties"][name] = json!({ "$ref": "#/components/schemas/Stamp" });
    }
    let path = folder.path().join("vendor.json");
    fs::write(&path, vendor.to_string()).unwrap();
    import(folder.path(), path.to_str().unwrap(), Then::Apply).unwrap();
    let ours = Document::parse(&fs::read_to_string(folder.path().join("openapi.yaml")).unwrap()).unwrap().0;
    for name in ["hint", "other/hint", "a~b"] {
        assert_eq!(ours["components"]["schemas"]["Token"]["properties"][name]["type"], "string", "{name}");
    }
    assert!(ours["components"]["schemas"]["Token"]["properties"].get("Stamp").is_none());
}

/// Whatever the vendor adds: once it is applied it is no longer news, and code can be generated.
#[test]
fn random_additions_are_applied_so_that_nothing_is_news() {
    let seed = support::seed();
    let mut random = fastrand::Rng::with_seed(seed);
    for round in 0..if support::is_at_length() { 40 } else { 4 } {
        let mut vendor = document();
        vendor["components"]["schemas"]["Stamp"] =
            json!({ "type": "string", "enum": ["x", "y"], "description": "d", "example": "x" });
        for number in 0..random.usize(1..6) {
            let name = format!(
                "{}{number}",
                random.choice(["hint", "a/b", "x~y", "no", "on", "7", "with space", "_x", "ü"]).unwrap()
            );
            let (schema, example) = random
                .choice([
                    (json!({ "type": "string" }), json!("x")),
                    (json!({ "type": "integer", "format": "int64" }), json!(1)),
                    (json!({ "type": "array", "items": { "type": "integer" } }), json!([1])),
                    (json!({ "type": "object", "properties": { "a": { "type": "boolean" } } }), json!({})),
                    (json!({ "$ref": "#/components/schemas/Stamp" }), json!("x")),
                    (json!({ "type": "array", "items": { "$ref": "#/components/schemas/Stamp" } }), json!(["x"])),
                    (json!({ "type": "string", "enum": ["no", "1", "null", "a: b", "#"] }), json!("no")),
                ])
                .unwrap();
            let mut described = schema.clone();
            if described.get("$ref").is_none() {
                described["description"] = json!("Something: # \"new\".\n\n- and more");
                described["example"] = example.clone();
            }
            let components = &mut vendor["components"]["schemas"];
            match random.usize(..4) {
                0 => components["Token"]["properties"][name] = described,
                1 => components["TokenBody"]["properties"][name] = described,
                2 => components["BaseRole"]["enum"].as_array_mut().unwrap().push(json!(name)),
                _ => vendor["paths"]["/tokens"]["get"]["parameters"].as_array_mut().unwrap().push(json!({
                    "name": name, "in": "query", "explode": true, "style": "form", "description": "d",
                    "schema": { "type": "boolean" }, "example": true,
                })),
            }
        }
        let folder = folder_with(DOCUMENT);
        let path = folder.path().join("vendor.json");
        fs::write(&path, vendor.to_string()).unwrap();
        import(folder.path(), path.to_str().unwrap(), Then::Apply).unwrap();
        let news = compare_with(folder.path(), Document(vendor)).unwrap().news;
        assert!(news.is_empty(), "LDTOKENS_SEED={seed}, round {round}: {news:?}");
        if let Err(error) = xtask::generate(folder.path()) {
            assert!(error.to_string().contains("openapi.yaml:"), "LDTOKENS_SEED={seed}, round {round}: {error:#}");
        }
    }
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
        let error = format!("{:#}", xtask::document(&root(), path.to_str().unwrap()).unwrap_err());
        assert!(error.contains(words), "{error}");
    }
    let error = xtask::document(&root(), "no-such-revision").unwrap_err().to_string();
    assert!(error.contains("nor a git revision"), "{error}");
}
