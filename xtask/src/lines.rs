//! The position of each value in a YAML text.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use crate::api::escape;

/// A YAML text, and the positions of its values by JSON Pointer.
pub struct Lines {
    lines: Vec<String>,
    positions: BTreeMap<String, Position>,
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
        let document: Node = crate::api::yaml(text)?;
        let mut positions = BTreeMap::new();
        collect(&document, "", &mut positions);
        Ok(Self { lines: text.lines().map(str::to_owned).collect(), positions })
    }

    /// The line, counted from 1, of the value at `pointer`, or of the nearest around it.
    pub fn line(&self, pointer: &str) -> usize {
        let mut pointer = pointer;
        loop {
            if let Some(position) = self.positions.get(pointer) {
                return position.line + 1;
            }
            match pointer.rsplit_once('/') {
                Some((around, _)) => pointer = around,
                None => return 1,
            }
        }
    }

    /// The block of what lies in the mapping or sequence at `pointer`, unless it is written in one line or empty.
    pub(crate) fn block(&self, pointer: &str) -> Option<Block> {
        let own = self.positions.get(pointer)?;
        let inside = format!("{pointer}/");
        let children =
            self.positions.iter().filter(|(at, _)| at.strip_prefix(&inside).is_some_and(|rest| !rest.contains('/')));
        let last = children.map(|(_, position)| position).max_by_key(|position| position.line)?;
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
        let at = self.positions.get(pointer)?.line;
        let line = &self.lines[at];
        let end = line.rfind(']')?;
        let mut lines = self.lines.clone();
        lines[at] = format!("{}, {value}{}", &line[..end], &line[end..]);
        Some(joined(lines.iter()))
    }
}

/// A value, with the positions of its parts.
enum Node {
    Mapping(Vec<(Spanned<String>, Node)>),
    Sequence(Vec<Spanned<Node>>),
    Scalar,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

/// What reads a scalar, whose value does not matter here.
macro_rules! scalars {
    ($($name:ident($kind:ty)),*) => { $(fn $name<E>(self, _: $kind) -> Result<Node, E> { Ok(Node::Scalar) })* };
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Mapping(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Node::Sequence(items))
    }

    scalars!(visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
}

fn collect(node: &Node, pointer: &str, positions: &mut BTreeMap<String, Position>) {
    match node {
        Node::Mapping(entries) => {
            for (key, value) in entries {
                let at = format!("{pointer}/{}", escape(&key.value));
                positions.insert(at.clone(), Position::of(key, false));
                collect(value, &at, positions);
            }
        }
        Node::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                let at = format!("{pointer}/{index}");
                positions.insert(at.clone(), Position::of(item, true));
                collect(&item.value, &at, positions);
            }
        }
        Node::Scalar => {}
    }
}

impl Position {
    /// Where a value is written; for an alias, where its anchor is.
    fn of<T>(value: &Spanned<T>, item: bool) -> Self {
        let [line, column] =
            [value.defined.line(), value.defined.column()].map(|number| (number as usize).saturating_sub(1));
        Self { line, column, item }
    }
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn joined<'a>(lines: impl Iterator<Item = &'a String>) -> String {
    lines.map(|line| format!("{line}\n")).collect()
}
