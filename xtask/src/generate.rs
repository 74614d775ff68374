//! `cargo xtask generate`: all files generated from `openapi.yaml`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use syn::File;

use crate::api::{Document, yaml};
use crate::code::{caught, code};
use crate::{DOCUMENT, client, json_schemas, lint, reference};

/// The folders that contain generated files only.
const FOLDERS: [&str; 2] = ["docs/reference", "schemas"];

/// Writes the files that are generated from `openapi.yaml`, below `root`.
///
/// # Errors
/// The document can't be read or is not supported by the generator, or a file can't be written.
pub fn generate(root: &Path) -> Result<()> {
    let made = made(root)?;
    for (path, content, _) in out_of_date(root, &made) {
        let file = root.join(path);
        fs::create_dir_all(file.parent().expect("a file lies in a folder"))
            .and_then(|()| fs::write(&file, content))
            .with_context(|| format!("cannot write {path}"))?;
        println!("wrote {path}");
    }
    for path in stale(root, &made)? {
        fs::remove_file(root.join(&path)).with_context(|| format!("cannot remove {path}"))?;
        println!("removed {path}");
    }
    println!("{} files are up to date with {DOCUMENT}", made.len());
    Ok(())
}

/// Compares the files below `root` with what is generated from `openapi.yaml`. Changes nothing.
///
/// # Errors
/// A file is out of date: the error names it and the first lines that differ. And those of [`generate`].
pub fn check(root: &Path) -> Result<()> {
    let made = made(root)?;
    let mut differences = String::new();
    for (path, content, found) in out_of_date(root, &made) {
        let lines = difference(&found, content);
        differences.push_str(&format!("{path} is not what is generated from {DOCUMENT}. {lines}"));
    }
    for path in stale(root, &made)? {
        differences.push_str(&format!("{path} is no longer generated from {DOCUMENT}.\n"));
    }
    if !differences.is_empty() {
        bail!("{differences}Run `cargo xtask generate` and commit what it writes.");
    }
    println!("{} files are up to date with {DOCUMENT}", made.len());
    Ok(())
}

/// The files generated from `openapi.yaml`: their paths below `root` and their contents.
fn made(root: &Path) -> Result<Vec<(String, String)>> {
    let text = fs::read_to_string(root.join(DOCUMENT)).with_context(|| format!("cannot read {DOCUMENT}"))?;
    lint::refuse(&text, &lint::known_problems(&Document(yaml(&text)?)))?;
    let document = Document::parse(&text)?;
    let code = code(&document).map_err(|error| lint::lint(&text).err().unwrap_or(error))?;
    let mut made: Vec<_> = code.iter().map(|(path, file)| ((*path).to_owned(), formatted(file))).collect();
    let as_json = serde_json::to_string_pretty(&document.0)? + "\n";
    made.push(("crates/ldtokens-server/tests/it/openapi.json".to_owned(), as_json));
    made.extend(reference::files(&document));
    made.extend(json_schemas::files(&document)?);
    Ok(made)
}

/// The files that are not as they are generated: the path, what it should have, and what it has.
fn out_of_date<'a>(root: &Path, made: &'a [(String, String)]) -> impl Iterator<Item = (&'a str, &'a str, String)> {
    let with_found = made.iter().map(move |(path, content)| {
        (path.as_str(), content.as_str(), fs::read_to_string(root.join(path)).unwrap_or_default())
    });
    with_found.filter(|(_, content, found)| content != found)
}

/// The files in [`FOLDERS`] that are no longer generated.
fn stale(root: &Path, made: &[(String, String)]) -> Result<Vec<String>> {
    let mut stale = Vec::new();
    let mut folders = FOLDERS.map(str::to_owned).to_vec();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read {folder}"))?;
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(path);
            } else if !made.iter().any(|(made, _)| *made == path) {
                stale.push(path);
            }
        }
    }
    Ok(stale)
}

/// The client crate's code, generated from `document`.
///
/// # Errors
/// The generator does not support `document`.
pub fn client_code(document: &str) -> Result<String> {
    Ok(formatted(&client::code(&Document::parse(document)?)?))
}

/// The client crate's code, if nothing is known to stand against it.
///
/// # Errors
/// The generator does not support `document`.
pub(crate) fn checked(document: &Document) -> Result<File> {
    let problems = lint::unsupported(document);
    if let Some(lint::Problem { pointer, text }) = problems.first() {
        let count = problems.len();
        bail!("the generator does not support a document: {count} problems, the first at {pointer}: {text}");
    }
    caught(|| client::code(document))
}

fn formatted(file: &File) -> String {
    let notice = "Made from openapi.yaml by `cargo xtask generate`. Do not edit: edit openapi.yaml and run it again.";
    format!("// {notice}\n\n{}", prettyplease::unparse(file))
}

/// The first lines that differ.
fn difference(found: &str, expected: &str) -> String {
    const MAX_LINES: usize = 5;
    let [old, new] = [found, expected].map(|text| text.split('\n').collect::<Vec<_>>());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let first = |sign: &str, lines: &[&str]| -> String {
        lines.iter().skip(same).take(MAX_LINES).map(|line| format!("  {sign} {line}\n")).collect()
    };
    format!("They differ from line {} on:\n{}{}", same + 1, first("-", &old), first("+", &new))
}
