//! Where in a YAML text each value stands.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use saphyr::{LoadableYamlNode, MarkedYaml, YamlData};

use crate::api::escape;

/// A YAML text, and the places of its values by JSON Pointer.
pub struct Lines {
    lines: Vec<String>,
    places: BTreeMap<String, Position>,
}

/// Where a value begins: with its key in a mapping, after its dash in a sequence.
#[derive(Clone, Copy)]
struct Position {
    /// Counted from 0.
    line: usize,
    /// Counted from 0, in characters.
    column: usize,
    /// Whether it is an item of a sequence.
    item: bool,
}

/// The lines that the entries of a mapping or the items of a sequence fill.
pub(crate) struct Block {
    /// How far they are indented.
    pub(crate) indent: usize,
    /// The line after the last of them, counted from 0.
    pub(crate) end: usize,
}

impl Lines {
    /// Reads `text`.
    ///
    /// # Errors
    /// It is not YAML.
    pub fn read(text: &str) -> Result<Self> {
        let documents = MarkedYaml::load_from_str(text).context("it is not YAML")?;
        let mut places = BTreeMap::new();
        if let Some(document) = documents.first() {
            collect(document, "", &mut places);
        }
        Ok(Self { lines: text.lines().map(str::to_owned).collect(), places })
    }

    /// The line, counted from 1, of the value at `pointer`, or of the nearest around it.
    pub fn line(&self, pointer: &str) -> usize {
        let mut pointer = pointer;
        loop {
            if let Some(place) = self.places.get(pointer) {
                return place.line + 1;
            }
            match pointer.rsplit_once('/') {
                Some((around, _)) => pointer = around,
                None => return 1,
            }
        }
    }

    /// The block of what lies in the mapping or sequence at `pointer`, unless it is written in one line or empty.
    pub(crate) fn block(&self, pointer: &str) -> Option<Block> {
        let own = self.places.get(pointer)?;
        let inside = format!("{pointer}/");
        let children =
            self.places.iter().filter(|(at, _)| at.strip_prefix(&inside).is_some_and(|rest| !rest.contains('/')));
        let last = children.map(|(_, place)| place).max_by_key(|place| place.line)?;
        if last.line == own.line {
            return None;
        }
        let indent = if last.item { last.column.checked_sub(2)? } else { last.column };
        let belongs = |line: &&String| line.trim().is_empty() || indent_of(line) > indent;
        let mut end = last.line + 1 + self.lines[last.line + 1..].iter().take_while(belongs).count();
        while self.lines[end - 1].trim().is_empty() || self.lines[end - 1].trim_start().starts_with('#') {
            end -= 1;
        }
        Some(Block { indent, end })
    }

    /// The text with `added` before the line `at`, counted from 0.
    pub(crate) fn with(&self, at: usize, added: &[String]) -> String {
        let (before, after) = self.lines.split_at(at);
        joined(before.iter().chain(added).chain(after))
    }

    /// The text with `value` as the last item of the sequence at `pointer`, which is written in one line.
    pub(crate) fn with_flow_item(&self, pointer: &str, value: &str) -> Option<String> {
        let at = self.places.get(pointer)?.line;
        let line = &self.lines[at];
        let end = line.rfind(']')?;
        let mut lines = self.lines.clone();
        lines[at] = format!("{}, {value}{}", &line[..end], &line[end..]);
        Some(joined(lines.iter()))
    }
}

fn collect(node: &MarkedYaml<'_>, pointer: &str, places: &mut BTreeMap<String, Position>) {
    match &node.data {
        YamlData::Mapping(entries) => {
            for (key, value) in entries {
                let Some(name) =
                    key.data.as_str().map(str::to_owned).or_else(|| Some(key.data.as_integer()?.to_string()))
                else {
                    continue;
                };
                let at = format!("{pointer}/{}", escape(&name));
                place(key, &at, false, places);
                collect(value, &at, places);
            }
        }
        YamlData::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                let at = format!("{pointer}/{index}");
                place(item, &at, true, places);
                collect(item, &at, places);
            }
        }
        _ => {}
    }
}

fn place(node: &MarkedYaml<'_>, at: &str, item: bool, places: &mut BTreeMap<String, Position>) {
    let line = node.span.start.line().saturating_sub(1);
    places.insert(at.to_owned(), Position { line, column: node.span.start.col(), item });
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn joined<'a>(lines: impl Iterator<Item = &'a String>) -> String {
    lines.map(|line| format!("{line}\n")).collect()
}
