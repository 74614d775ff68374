//! Documents from wherever they are: a file, a URL, a git revision; plain or gzipped.

use std::io::Read;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;

use crate::api::Document;

/// Reads the OpenAPI document at `source`, a path or an `http(s)://` URL, in YAML or JSON, gzipped or not.
///
/// # Errors
/// It can't be had, or is no OpenAPI document of version 3.0 or 3.1.
pub fn document(source: &str) -> Result<Document> {
    let bytes = if source.starts_with("https://") || source.starts_with("http://") {
        let response = reqwest::blocking::get(source).and_then(reqwest::blocking::Response::error_for_status);
        response.and_then(|response| response.bytes()).with_context(|| format!("cannot fetch {source}"))?.to_vec()
    } else {
        std::fs::read(source).with_context(|| format!("cannot read {source}"))?
    };
    Document::parse(&text(&bytes).with_context(|| format!("cannot read {source}"))?)
        .with_context(|| format!("{source} can't be used"))
}

/// Reads the document at `source`, or, if there is no such file, `openapi.yaml` as it was in the git revision `source`.
///
/// # Errors
/// Those of [`document`], or git knows no such revision.
pub fn document_or_revision(root: &Path, source: &str) -> Result<Document> {
    if Path::new(source).exists() || source.contains("://") {
        return document(source);
    }
    let show = Command::new("git").arg("-C").arg(root).args(["show", &format!("{source}:openapi.yaml")]).output();
    let show = show.context("git can't be run")?;
    if !show.status.success() {
        bail!("{source} is neither a file, nor a URL, nor a git revision that has openapi.yaml");
    }
    Document::parse(&String::from_utf8(show.stdout)?).with_context(|| format!("openapi.yaml of {source} can't be used"))
}

fn text(bytes: &[u8]) -> Result<String> {
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        GzDecoder::new(bytes).read_to_string(&mut text).context("its gzip is damaged")?;
    } else {
        text = String::from_utf8(bytes.to_vec()).context("it is not UTF-8")?;
    }
    Ok(text)
}
