//! Our choice: each test that docs/promises.md names is there, so that no promise loses its test unnoticed.

use std::fs;

use crate::support::root;

#[test]
fn each_promise_names_tests_that_exist() {
    let page = fs::read_to_string(root().join("docs/promises.md")).unwrap();
    let links: Vec<(&str, &str)> = page
        .split("[`")
        .skip(1)
        .filter_map(|link| link.split_once("`](../"))
        .map(|(name, rest)| (name, rest.split_once(')').expect("the link ends").0))
        .collect();
    assert!(links.len() > 60, "{links:?}");
    for (name, file) in links {
        let source = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let (before, _) = source
            .split_once(&format!("fn {name}()"))
            .unwrap_or_else(|| panic!("{file} has no test {name}; correct docs/promises.md"));
        let attributes = before.rsplit("\n\n").next().unwrap();
        assert!(attributes.contains("#[test]") || attributes.contains("#[tokio::test"), "{file}: {name} is no test");
    }
}
