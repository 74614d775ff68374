//! `cargo xtask import`: compares the vendor's document with ours.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::api::{Api, Change, Difference, Document, compare, read};
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
    let comparison = compare_with(root, source::document(source)?)?;
    let intentional: Vec<&Difference> = intentional(&comparison);
    println!("{} intentional differences, from {OVERLAY}:", intentional.len());
    print!("{}", lines(&intentional));
    for action in &comparison.unused {
        println!("This action of {OVERLAY} no longer finds its target: {action}");
    }
    println!("{} news:", comparison.news.len());
    print!("{}", lines(&comparison.news.iter().collect::<Vec<_>>()));
    match then {
        Then::Apply => {
            let path = root.join(DOCUMENT);
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {DOCUMENT}"))?;
            let (text, left) = additions::apply(&text, &comparison.news, &comparison.vendor)?;
            fs::write(&path, text).with_context(|| format!("cannot write {DOCUMENT}"))?;
            println!("{} added to {DOCUMENT}", comparison.news.len() - left.len());
            for difference in left {
                println!("  change this by hand: {}", line(difference));
            }
            Ok(())
        }
        Then::Check if !(comparison.news.is_empty() && comparison.unused.is_empty()) => {
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
    let ours = read(&ours, |_| true)?;
    let known = |id: &str| ours.operations.contains_key(id);
    let differences = |vendor: &Api| -> Vec<Difference> {
        compare(&ours, vendor).into_iter().filter(|difference| difference.change != Change::Redescribed).collect()
    };
    let all = differences(&read(&vendor, known)?);
    let unused = overlay.apply(&mut vendor.0)?;
    let news = differences(&read(&vendor, known)?);
    Ok(Comparison { all, news, unused, vendor })
}

/// The differences that the overlay removes.
fn intentional(comparison: &Comparison) -> Vec<&Difference> {
    let news: BTreeSet<_> = comparison.news.iter().map(|news| (&news.location, &news.change)).collect();
    comparison.all.iter().filter(|difference| !news.contains(&(&difference.location, &difference.change))).collect()
}

/// A line for each difference. Equal differences at the same pointer into our document share a line.
fn lines(differences: &[&Difference]) -> String {
    let mut groups: BTreeMap<(&str, &Change), Vec<&Difference>> = BTreeMap::new();
    for difference in differences {
        groups.entry((&difference.old, &difference.change)).or_default().push(difference);
    }
    let mut text = String::new();
    for same in groups.values() {
        text.push_str(&format!("  {}", line(same[0])));
        if let more @ 1.. = same.len() - 1 {
            text.push_str(&format!(" and {more} more like it"));
        }
        text.push('\n');
    }
    text
}

fn line(difference: &Difference) -> String {
    let Difference { location, change, old, new, .. } = difference;
    let change = match change {
        Change::Added { kind, required } => format!("{} that only theirs has", named(kind, *required)),
        Change::Removed { kind, required } => format!("{} that only ours has", named(kind, *required)),
        Change::OperationAdded => "an operation that only theirs has".to_owned(),
        Change::OperationRemoved => "an operation that only ours has".to_owned(),
        Change::Renamed { kind, from, to } => format!("the {kind} is {from} in ours and {to} in theirs"),
        Change::Retyped { from, to } => format!("{from} in ours and {to} in theirs"),
        Change::BecameRequired => "required only in theirs".to_owned(),
        Change::BecameOptional => "required only in ours".to_owned(),
        Change::Deprecated => "deprecated only in theirs".to_owned(),
        Change::Undeprecated => "deprecated only in ours".to_owned(),
        Change::ValueAdded(value) => format!("the value {value} is only in theirs"),
        Change::ValueRemoved(value) => format!("the value {value} is only in ours"),
        other => format!("from ours to theirs: {other}"),
    };
    format!("{location}: {change}  (ours {old}, theirs {new})")
}

fn named(kind: &str, required: bool) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) && !required { "an" } else { "a" };
    format!("{article} {}{kind}", if required { "required " } else { "" })
}
