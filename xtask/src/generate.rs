//! `cargo xtask generate`: the client's code from `openapi.yaml`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use progenitor::{GenerationSettings, Generator, InterfaceStyle, TagStyle, TypeImpl};
use schemars::schema::{InstanceType, SchemaObject};

const DOCUMENT: &str = "openapi.yaml";
const CLIENT: &str = "crates/ldtokens-client/src/generated.rs";

/// Writes the generated files below `root`, or, with `check`, only compares them.
pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    let document = fs::read_to_string(root.join(DOCUMENT)).with_context(|| format!("cannot read {DOCUMENT}"))?;
    let code = client_code(&document)?;
    if check { compare(root, CLIENT, &code) } else { write(root, CLIENT, &code) }
}

/// The client crate's `generated.rs`, as `document` gives it.
fn client_code(document: &str) -> Result<String> {
    let spec: openapiv3::OpenAPI =
        serde_yaml_ng::from_str(document).with_context(|| format!("{DOCUMENT} is not an OpenAPI 3.0 document"))?;
    let tokens = Generator::new(&settings())
        .generate_tokens(&spec)
        .with_context(|| format!("the generator refuses {DOCUMENT}"))?;
    let file = syn::parse2(tokens).context("the generator's output is not Rust")?;
    Ok(format!(
        "// Made from openapi.yaml by `cargo xtask generate`. Do not edit: edit openapi.yaml and run it again.\n\n{}",
        prettyplease::unparse(&file)
    ))
}

/// How the generator is told what the document can't say.
fn settings() -> GenerationSettings {
    let string_like = [TypeImpl::Display, TypeImpl::FromStr];
    let password = SchemaObject {
        instance_type: Some(InstanceType::String.into()),
        format: Some("password".to_owned()),
        ..SchemaObject::default()
    };
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_tag(TagStyle::Merged)
        .with_hooks(progenitor::HooksMode::Expected)
        .with_inner_type("crate::SharedTransport".parse().expect("a path is Rust"))
        .with_derive("schemars::JsonSchema")
        .with_derive("PartialEq")
        .with_map_type("::std::collections::BTreeMap")
        .with_conversion(password, "crate::Secret", [].into_iter())
        .with_replacement("Role", "crate::Role", string_like.into_iter())
        .with_replacement("UnixMillis", "crate::UnixMillis", [TypeImpl::Display].into_iter());
    settings
}

fn write(root: &Path, path: &str, content: &str) -> Result<()> {
    fs::write(root.join(path), content).with_context(|| format!("cannot write {path}"))?;
    println!("wrote {path}");
    Ok(())
}

/// Fails, naming the file and the first line that differs, unless `path` holds `expected`.
fn compare(root: &Path, path: &str, expected: &str) -> Result<()> {
    let found = fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))?;
    if found == expected {
        println!("{path} is what {DOCUMENT} gives");
        return Ok(());
    }
    const SHOWN: usize = 5;
    let (mut old, mut new) = (found.lines(), expected.lines());
    let mut line = 1;
    loop {
        let (before, after) = (old.next(), new.next());
        if before != after || (before.is_none() && after.is_none()) {
            let mut report = format!("{path} is not what {DOCUMENT} gives. They differ from line {line} on:\n");
            for text in before.into_iter().chain(old).take(SHOWN) {
                report.push_str(&format!("  - {text}\n"));
            }
            for text in after.into_iter().chain(new).take(SHOWN) {
                report.push_str(&format!("  + {text}\n"));
            }
            bail!("{report}Run `cargo xtask generate` and commit what it writes.");
        }
        line += 1;
    }
}
