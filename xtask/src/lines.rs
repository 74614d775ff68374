//! The position of each value in a YAML text.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::Spanned;

use crate::api::escape;

/// A YAML text, and the positions of its values by JSON Pointer.
pub(crate) struct Lines {
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

impl Lines {
    /// Reads `text`.
    ///
    /// # Errors
    /// It is not YAML.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let document: Parts = crate::api::yaml(text)?;
        let mut positions = BTreeMap::new();
        collect(&document, "", &mut positions);
        Ok(Self { lines: text.lines().map(str::to_owned).collect(), positions })
    }

    /// The line, counted from 1, of the value at `pointer`, or of the nearest around it.
    pub(crate) fn line(&self, pointer: &str) -> usize {
        let mut around = std::iter::successors(Some(pointer), |at| Some(at.rsplit_once('/')?.0));
        around.find_map(|at| self.positions.get(at)).map_or(1, |position| position.line + 1)
    }

    /// The text with `added` at the end of what is at `pointer`: a mapping with one entry, or a sequence with one item. `None` if
    /// nothing can be added there.
    pub(crate) fn with(&self, pointer: &str, added: &Value) -> Option<String> {
        let yaml = |value: &Value| serde_saphyr::to_string(value).ok();
        let mut lines = self.lines.clone();
        if let Some((indent, end)) = self.block(pointer) {
            let added: Vec<_> = yaml(added)?.lines().map(|line| " ".repeat(indent) + line).collect();
            lines.splice(end..end, added);
        } else {
            // A sequence in one line.
            let item = added.get(0)?;
            let item = if item.is_object() { item.to_string() } else { yaml(item)? };
            let line = &mut lines[self.positions.get(pointer)?.line];
            line.insert_str(line.rfind(']')?, &format!(", {}", item.trim_end()));
        }
        Some(lines.join("\n") + "\n")
    }

    /// How far the entries of the mapping or the items of the sequence at `pointer` are indented, and the line after the last of
    /// them, counted from 0. `None` if it is written in one line, or empty.
    fn block(&self, pointer: &str) -> Option<(usize, usize)> {
        let own = self.positions.get(pointer)?;
        let inside = format!("{pointer}/");
        let children =
            self.positions.iter().filter(|(at, _)| at.strip_prefix(&inside).is_some_and(|rest| !rest.contains('/')));
        let last = children.map(|(_, position)| position).max_by_key(|position| position.line)?;
        if last.line == own.line {
            return None;
        }
        let indent = if last.item { last.column.checked_sub(2)? } else { last.column };
        let belongs = |line: &&String| line.trim().is_empty() || line.len() - line.trim_start().len() > indent;
        let mut end = last.line + 1 + self.lines[last.line + 1..].iter().take_while(belongs).count();
        while self.lines[end - 1].trim().is_empty() || self.lines[end - 1].trim_start().starts_with('#') {
            end -= 1;
        }
        Some((indent, end))
    }
}

/// The parts of a value, by name or number. A scalar has none.
#[derive(Default)]
struct Parts(Vec<(String, Position, Parts)>);

impl<'de> Deserialize<'de> for Parts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartsVisitor)
    }
}

/// What reads a scalar, whose value does not matter here.
macro_rules! scalars {
    ($($name:ident($($kind:ty)?)),*) => { $(fn $name<E>(self, $(_: $kind)?) -> Result<Parts, E> { Ok(Parts::default()) })* };
}

struct PartsVisitor;

impl<'de> Visitor<'de> for PartsVisitor {
    type Value = Parts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parts, A::Error> {
        let mut parts = Parts::default();
        while let Some((key, inner)) = map.next_entry::<Spanned<String>, Parts>()? {
            let position = Position::of(&key, false);
            parts.0.push((key.value, position, inner));
        }
        Ok(parts)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Parts, A::Error> {
        let mut parts = Parts::default();
        while let Some(item) = sequence.next_element::<Spanned<Parts>>()? {
            parts.0.push((parts.0.len().to_string(), Position::of(&item, true), item.value));
        }
        Ok(parts)
    }

    scalars!(visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str), visit_unit());
}

fn collect(Parts(parts): &Parts, pointer: &str, positions: &mut BTreeMap<String, Position>) {
    for (name, position, inner) in parts {
        let at = format!("{pointer}/{}", escape(name));
        collect(inner, &at, positions);
        positions.insert(at, *position);
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
