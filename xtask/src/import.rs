//! `cargo xtask import`: compares the vendor's document with ours.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::api::{Api, Difference, Document, What, compare, read};
use crate::overlay::Overlay;
use crate::{DOCUMENT, additions, source};

/// What makes the vendor's document ours: each difference that is meant, with its reason.
const OVERLAY: &str = "vendor.overlay.yaml";

/// What to do with the differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Print them.
    Report,
    /// Print them, and fail if there is news.
    Check,
    /// Print them, and add to `openapi.yaml` what is only an addition.
    Apply,
}

/// The vendor's document beside ours.
#[derive(Debug)]
pub struct Comparison {
    /// Where the two differ as they were written.
    pub all: Vec<Difference>,
    /// Where they differ though the overlay was applied.
    pub news: Vec<Difference>,
    /// The overlay's actions that found no place in the vendor's document.
    pub idle: Vec<String>,
    /// The vendor's document with the overlay applied.
    pub vendor: Document,
}

/// Compares the vendor's document at `source`, a path or a URL, with `openapi.yaml` below `root`.
///
/// # Errors
/// A document can't be read; or, to check, there is news.
pub fn import(root: &Path, source: &str, then: Then) -> Result<()> {
    let comparison = compare_with(root, source::document(source)?)?;
    let deliberate: Vec<&Difference> = meant(&comparison);
    println!("{} intentional differences, from {OVERLAY}:", deliberate.len());
    print!("{}", lines(&deliberate));
    for action in &comparison.idle {
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
                println!("  left to you: {}", line(difference));
            }
            Ok(())
        }
        Then::Check if !(comparison.news.is_empty() && comparison.idle.is_empty()) => {
            bail!("the vendor's document has moved on: take it over into {DOCUMENT}, or say in {OVERLAY} why not")
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
        compare(&ours, vendor).into_iter().filter(|difference| difference.what != What::Redescribed).collect()
    };
    let all = differences(&read(&vendor, known)?);
    let idle = overlay.apply(&mut vendor.0)?;
    let news = differences(&read(&vendor, known)?);
    Ok(Comparison { all, news, idle, vendor })
}

/// The differences that the overlay takes away.
fn meant(comparison: &Comparison) -> Vec<&Difference> {
    let news: BTreeSet<_> = comparison.news.iter().map(|news| (&news.place, &news.what)).collect();
    comparison.all.iter().filter(|difference| !news.contains(&(&difference.place, &difference.what))).collect()
}

/// A line for each difference, as the vendor's change to ours; one for all that are the same at the same place of ours.
fn lines(differences: &[&Difference]) -> String {
    let mut places: BTreeMap<(&str, &What), Vec<&Difference>> = BTreeMap::new();
    for difference in differences {
        places.entry((&difference.old, &difference.what)).or_default().push(difference);
    }
    let mut text = String::new();
    for same in places.values() {
        text.push_str(&format!("  {}", line(same[0])));
        if let more @ 1.. = same.len() - 1 {
            text.push_str(&format!(" and {more} more like it"));
        }
        text.push('\n');
    }
    text
}

fn line(difference: &Difference) -> String {
    let Difference { place, what, old, new, .. } = difference;
    let what = match what {
        What::Added { thing, required } => format!("{} only theirs has", named(thing, *required)),
        What::Removed { thing, required } => format!("{} only ours has", named(thing, *required)),
        What::OperationAdded => "an operation only theirs has".to_owned(),
        What::OperationRemoved => "an operation only ours has".to_owned(),
        What::Renamed { thing, from, to } => format!("the {thing} is {from} in ours and {to} in theirs"),
        What::Retyped { from, to } => format!("{from} in ours and {to} in theirs"),
        What::BecameRequired => "required only in theirs".to_owned(),
        What::BecameOptional => "required only in ours".to_owned(),
        What::ValueAdded(value) => format!("the value {value} only theirs has"),
        What::ValueRemoved(value) => format!("the value {value} only ours has"),
        other => format!("from ours to theirs: {other}"),
    };
    format!("{place}: {what}  (ours {old}, theirs {new})")
}

fn named(thing: &str, required: bool) -> String {
    let article = if thing.starts_with(['a', 'e', 'i', 'o', 'u']) && !required { "an" } else { "a" };
    format!("{article} {}{thing}", if required { "required " } else { "" })
}
