//! `cargo xtask generate`: everything that is made from `openapi.yaml`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use proc_macro2::TokenStream;

use crate::{client, operations_table};

pub(crate) const DOCUMENT: &str = "openapi.yaml";

/// A file that is made: where it lies, and what makes its code from the document.
type Made = (&'static str, fn(&str) -> Result<TokenStream>);

const MADE: [Made; 2] = [
    ("crates/ldtokens-client/src/generated.rs", client::tokens),
    ("crates/ldtokens-cli/src/operations.rs", operations_table::tokens),
];

/// Writes the files that are made from `openapi.yaml` below `root`.
///
/// # Errors
/// The document can't be read, or is not one that the generator takes; or a file can't be written.
pub fn generate(root: &Path) -> Result<()> {
    for (path, code) in made(root)? {
        fs::write(root.join(path), code).with_context(|| format!("cannot write {path}"))?;
        println!("wrote {path}");
    }
    Ok(())
}

/// Compares the files that are made from `openapi.yaml` below `root` with what is there. Changes nothing.
///
/// # Errors
/// A file is not what the document gives: the error names it and the first lines that differ. And those of [`generate`].
pub fn check(root: &Path) -> Result<()> {
    let mut differences = Vec::new();
    for (path, code) in made(root)? {
        let found = fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))?;
        match difference(&found, &code) {
            None => println!("{path} is what {DOCUMENT} gives"),
            Some(lines) => differences.push(format!("{path} is not what {DOCUMENT} gives. {lines}")),
        }
    }
    if !differences.is_empty() {
        bail!("{}Run `cargo xtask generate` and commit what it writes.", differences.concat());
    }
    Ok(())
}

fn made(root: &Path) -> Result<Vec<(&'static str, String)>> {
    let document = fs::read_to_string(root.join(DOCUMENT)).with_context(|| format!("cannot read {DOCUMENT}"))?;
    let code = |(path, tokens): Made| {
        let code = formatted(tokens(&document)?).with_context(|| format!("what is made for {path} is not Rust"))?;
        Ok((path, code))
    };
    MADE.into_iter().map(code).collect()
}

/// The client crate's code, as `document` gives it.
///
/// # Errors
/// `document` is not one that the generator takes.
pub fn client_code(document: &str) -> Result<String> {
    formatted(client::tokens(document)?)
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
