//! `cargo xtask import`: compares the vendor's document with ours.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::api::{Change, Difference, Document, Operation, compare, grouped};
use crate::overlay::Overlay;
use crate::{DOCUMENT, additions, source};

/// The intentional differences from the vendor's document, with their reasons.
const OVERLAY: &str = "vendor.overlay.yaml";

/// What to do with the differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Print them.
    Report,
    /// Print them, and fail if there is news.
    Check,
    /// Print them, and write the additions into `openapi.yaml`.
    Apply,
}

/// The vendor's document compared with ours.
#[derive(Debug)]
pub struct Comparison {
    /// All differences.
    pub all: Vec<Difference>,
    /// The differences that are left when the overlay is applied.
    pub news: Vec<Difference>,
    /// The overlay's actions that no longer find their targets in the vendor's document.
    pub unused: Vec<String>,
    /// The vendor's document with the overlay applied.
    pub vendor: Document,
}

/// Compares the vendor's document at `source`, a path or a URL, with `openapi.yaml` below `root`.
///
/// # Errors
/// A document can't be read; or, to check, there is news.
pub fn import(root: &Path, source: &str, then: Then) -> Result<()> {
    let Comparison { all, news, unused, vendor } = compare_with(root, source::document(root, source)?)?;
    let are_news: BTreeSet<_> = news.iter().map(|news| (&news.location, &news.change)).collect();
    let intentional = lines(all.iter().filter(|it| !are_news.contains(&(&it.location, &it.change))));
    println!("{} intentional differences, from {OVERLAY}:\n{}", intentional.len(), intentional.concat());
    for action in &unused {
        println!("This action of {OVERLAY} no longer finds its target: {action}");
    }
    let of_news = lines(&news);
    println!("{} news, from ours to theirs:\n{}", of_news.len(), of_news.concat());
    match then {
        Then::Apply => {
            let path = root.join(DOCUMENT);
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {DOCUMENT}"))?;
            let still_news = |text: &str| Ok(differences(&Document::parse(text)?, &vendor));
            let (text, left) = additions::apply(&text, &news, &vendor, still_news)?;
            fs::write(&path, text).with_context(|| format!("cannot write {DOCUMENT}"))?;
            println!("{} added to {DOCUMENT}", news.len() - left.len());
            lines(&left).iter().for_each(|line| print!("  change this by hand: {line}"));
            Ok(())
        }
        Then::Check if !(news.is_empty() && unused.is_empty()) => {
            bail!(
                "the vendor's document has news: change {DOCUMENT} accordingly, or add an action with the reason to {OVERLAY}"
            )
        }
        _ => Ok(()),
    }
}

/// Compares `vendor` with `openapi.yaml` below `root`, before and after the overlay.
///
/// # Errors
/// A document or the overlay can't be read.
pub fn compare_with(root: &Path, mut vendor: Document) -> Result<Comparison> {
    let text = |name: &str| fs::read_to_string(root.join(name)).with_context(|| format!("cannot read {name}"));
    let ours = Document::parse(&text(DOCUMENT)?).with_context(|| format!("{DOCUMENT} can't be used"))?;
    let overlay = Overlay::parse(&text(OVERLAY)?).with_context(|| format!("{OVERLAY} can't be used"))?;
    let all = differences(&ours, &vendor);
    let unused = overlay.apply(&mut vendor.0)?;
    let news = differences(&ours, &vendor);
    Ok(Comparison { all, news, unused, vendor })
}

/// How the vendor's operations that we have, or that lie beside them, differ from ours.
fn differences(ours: &Document, vendor: &Document) -> Vec<Difference> {
    let known = ours.operations();
    // `/api/v2/tokens` of `GET /api/v2/tokens/{}`.
    let resource = |operation: &Operation<'_>| {
        let path = operation.request_line.split_once(' ').map_or("", |(_, path)| path);
        path.split("/{}").next().unwrap_or_default().to_owned()
    };
    let resources: BTreeSet<String> = known.iter().map(resource).collect();
    let wanted = |operation: &Operation<'_>| {
        let is_beside = |known: &String| {
            resource(operation)
                .strip_prefix(known.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        known.iter().any(|known| known.id.is_some() && known.id == operation.id) || resources.iter().any(is_beside)
    };
    let mut differences = compare(ours, vendor, wanted);
    differences.retain(|difference| !matches!(difference.change, Change::Redescribed(_)));
    differences
}

/// A line for each difference. Equal differences at the same pointer into our document share a line.
fn lines<'a>(differences: impl IntoIterator<Item = &'a Difference>) -> Vec<String> {
    let groups = grouped(differences, |it| (&it.old, &it.change)).into_iter();
    let line = |(Difference { location, change, old, new, .. }, more): (&Difference, String)| {
        format!("  {location}: {change}  (ours {old}, theirs {new}){more}\n")
    };
    groups.map(line).collect()
}
