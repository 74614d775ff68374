//! What the pages say of the tree.

use crate::support::root;

/// The pages for people, which name files by their paths from the root.
const PAGES: [&str; 8] = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/architecture.md",
    "docs/changing-the-api.md",
    "docs/local-server.md",
    "docs/performance.md",
    "docs/production.md",
];

// Our choice: a page that names a file that has moved misleads whoever follows it.
#[test]
fn each_file_that_a_page_names_exists() {
    let mut named = 0;
    for page in PAGES {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        for path in text.split('`').skip(1).step_by(2).filter(|code| {
            ["crates/", "xtask/", "docs/", ".github/", "conformance/"].iter().any(|folder| code.starts_with(folder))
                && !code.contains([' ', '*', '{', '<'])
        }) {
            named += 1;
            assert!(root().join(path).exists(), "{page}: {path}");
        }
    }
    assert!(named > 20, "{named}");
}
