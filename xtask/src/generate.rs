//! `cargo xtask generate`: everything that is made from `openapi.yaml`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use proc_macro2::TokenStream;

use crate::{client_code, operations_table};

pub(crate) const DOCUMENT: &str = "openapi.yaml";

/// A file that is made: where it lies, and what makes its code from the document.
type Made = (&'static str, fn(&str) -> Result<TokenStream>);

const MADE: [Made; 2] = [
    ("crates/ldtokens-client/src/generated.rs", client_code::tokens),
    ("crates/ldtokens-cli/src/operations.rs", operations_table::tokens),
];

/// Writes the made files below `root`, or, with `check`, only compares them.
pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    let document = fs::read_to_string(root.join(DOCUMENT)).with_context(|| format!("cannot read {DOCUMENT}"))?;
    let mut differences = Vec::new();
    for (path, tokens) in MADE {
        let code = formatted(tokens(&document)?).with_context(|| format!("what is made for {path} is not Rust"))?;
        if check {
            let found = fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))?;
            match difference(&found, &code) {
                None => println!("{path} is what {DOCUMENT} gives"),
                Some(lines) => differences.push(format!("{path} is not what {DOCUMENT} gives. {lines}")),
            }
        } else {
            fs::write(root.join(path), code).with_context(|| format!("cannot write {path}"))?;
            println!("wrote {path}");
        }
    }
    if !differences.is_empty() {
        bail!("{}Run `cargo xtask generate` and commit what it writes.", differences.concat());
    }
    Ok(())
}

fn formatted(tokens: TokenStream) -> Result<String> {
    let notice = "Made from openapi.yaml by `cargo xtask generate`. Do not edit: edit openapi.yaml and run it again.";
    Ok(format!("// {notice}\n\n{}", prettyplease::unparse(&syn::parse2(tokens)?)))
}

/// The first lines that differ, if any do.
fn difference(found: &str, expected: &str) -> Option<String> {
    const SHOWN: usize = 5;
    if found == expected {
        return None;
    }
    let (old, new): (Vec<_>, Vec<_>) = (found.split('\n').collect(), expected.split('\n').collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let mut report = format!("They differ from line {} on:\n", same + 1);
    for (sign, lines) in [("-", &old), ("+", &new)] {
        for line in lines.iter().skip(same).take(SHOWN) {
            report.push_str(&format!("  {sign} {line}\n"));
        }
    }
    Some(report)
}
