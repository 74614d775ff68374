//! Documents from wherever they are: a file, a URL, a git revision; plain or gzipped.

use std::io::Read;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use flate2::read::MultiGzDecoder;

use crate::DOCUMENT;
use crate::api::Document;

/// Reads the OpenAPI document at `source`: a path, an `http(s)://` URL, or a git revision of the repository at `root`, whose
/// `openapi.yaml` is meant. It is in YAML or JSON, gzipped or not, in UTF-8 or, with a byte-order mark, UTF-16.
///
/// # Errors
/// It can't be had, or is no OpenAPI document of version 3.0 or 3.1.
pub fn document(root: &Path, source: &str) -> Result<Document> {
    let bytes = if source.starts_with("https://") || source.starts_with("http://") {
        let response = reqwest::blocking::get(source).and_then(reqwest::blocking::Response::error_for_status);
        response.and_then(|response| response.bytes()).with_context(|| format!("cannot fetch {source}"))?.to_vec()
    } else if Path::new(source).exists() {
        std::fs::read(source).with_context(|| format!("cannot read {source}"))?
    } else {
        let show = Command::new("git").arg("-C").arg(root).args(["show", &format!("{source}:{DOCUMENT}")]).output();
        let show = show.context("git can't be run")?;
        ensure!(show.status.success(), "{source} is neither a file, nor a URL, nor a git revision that has {DOCUMENT}");
        show.stdout
    };
    let document = text(&bytes).and_then(|text| Document::parse(&text));
    document.with_context(|| format!("{source} can't be used"))
}

fn text(bytes: &[u8]) -> Result<String> {
    let units =
        |read: fn([u8; 2]) -> u16| bytes[2..].chunks_exact(2).map(|unit| read([unit[0], unit[1]])).collect::<Vec<_>>();
    match bytes {
        [0x1f, 0x8b, ..] => {
            let mut plain = Vec::new();
            MultiGzDecoder::new(bytes).read_to_end(&mut plain).context("its gzip is damaged")?;
            text(&plain)
        }
        [0xff, 0xfe, ..] => String::from_utf16(&units(u16::from_le_bytes)).context("it is not UTF-16"),
        [0xfe, 0xff, ..] => String::from_utf16(&units(u16::from_be_bytes)).context("it is not UTF-16"),
        [0xef, 0xbb, 0xbf, text @ ..] | text => String::from_utf8(text.to_vec()).context("it is not UTF-8"),
    }
}
