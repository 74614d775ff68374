//! Changes lines of the configuration file and keeps all others. If the result would not say what it should, nothing is written.

use std::fs::File;
use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::account::config_file::{ConfigFile, Profile};
use crate::files::{behind_links, create_private_folder, folder_of, reason, replace, text};
use crate::terminal::{Failure, yaml};

/// Changes the configuration file, or creates it. `change` gets what it says; meanwhile, other commands wait.
pub(crate) fn edit_config(change: impl FnOnce(&mut ConfigFile) -> Result<(), Failure>) -> Result<(), Failure> {
    let given = ConfigFile::read_to_edit()?.path;
    let failed = |reason: String| Failure::usage(format!("{}: {reason}", given.display()));
    let io = |error: io::Error| failed(reason(&error));
    let path = behind_links(&given);
    let _lock = lock(&path).map_err(|error| failed(format!("it can't be locked: {}", reason(&error))))?;
    let before = ConfigFile::read_to_edit()?;
    let mut after = before.clone();
    change(&mut after)?;
    for (name, profile) in &after.profiles {
        profile.check().map_err(|reason| failed(format!("profile {name}: {reason}")))?;
    }
    let old = if path.exists() { text::of_file(&path, u64::MAX).map_err(failed)? } else { String::new() };
    let new = edited(&old, &before, &mut after).ok_or_else(|| {
        failed(
            "it can't be edited automatically without losing something; edit it by hand (`ldtokens config --help` shows the format)"
                .to_owned(),
        )
    })?;
    if new != old {
        replace(&path, &new, true).map_err(io)?;
    }
    Ok(())
}

/// Waits until no other command changes the file. The lock's file stays, since another command may wait for it.
fn lock(path: &Path) -> io::Result<File> {
    create_private_folder(folder_of(path))?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    let file = File::options().create(true).truncate(false).write(true).open(path.with_file_name(name))?;
    file.lock()?;
    Ok(file)
}

/// The text that says what is to be `after`. None if it would not say exactly that.
fn edited(text: &str, before: &ConfigFile, after: &mut ConfigFile) -> Option<String> {
    after.default.take_if(|name| !after.profiles.contains_key(name));
    // What can't be changed setting by setting, such as `{region: eu}`, is written anew.
    [false, true].into_iter().find_map(|anew| edited_by(anew, text, before, after))
}

fn edited_by(anew: bool, text: &str, before: &ConfigFile, after: &ConfigFile) -> Option<String> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for name in before.profiles.keys().chain(after.profiles.keys()) {
        let (old, new) = (before.profiles.get(name).and_then(settings), after.profiles.get(name).and_then(settings));
        let Some(new) = new else {
            set(&mut lines, &["profiles", name], None);
            continue;
        };
        let is_new = old.is_none() || anew && old.as_ref() != Some(&new);
        if is_new {
            set(&mut lines, &["profiles", name], Some(&json!({})));
        }
        let old = old.filter(|_| !is_new).unwrap_or_default();
        // First what is added, while the profile has lines that show the indent.
        for (key, value) in new.iter().filter(|(key, value)| old.get(*key) != Some(value)) {
            set(&mut lines, &["profiles", name, key], Some(value));
        }
        for key in old.keys().filter(|key| !new.contains_key(*key)) {
            set(&mut lines, &["profiles", name, key], None);
        }
    }
    if before.default != after.default {
        set(&mut lines, &["default"], after.default.clone().map(Value::from).as_ref());
    }
    let text: String = lines.into_iter().map(|line| line + end).collect();
    (ConfigFile::parse(&text, &after.path).ok().as_ref() == Some(after)).then_some(text)
}

/// The settings of a profile. None if one can't be written: a path that is not UTF-8 has no YAML.
fn settings(profile: &Profile) -> Option<Map<String, Value>> {
    let Value::Object(mut settings) = serde_json::to_value(profile).ok()? else { return None };
    settings.retain(|_, value| !matches!(value, Value::Null | Value::Bool(false)));
    Some(settings)
}

/// Makes the lines say `value` at this path, or nothing, and keeps what else they say, with the comments.
fn set(lines: &mut Vec<String>, path: &[&str], value: Option<&Value>) {
    let (mut section, mut depth) = (0..lines.len(), 0);
    for (level, name) in path.iter().enumerate() {
        let is_last = level + 1 == path.len();
        let written = |value: &Value| format!("{:depth$}{}", "", yaml(&json!({ *name: value })).trim_end());
        let there =
            section.clone().find(|at| indent(&lines[*at]) == depth && key(&lines[*at]).as_deref() == Some(name));
        let at = match there {
            Some(at) if is_last => {
                let line = value.map(|value| written(value) + comment(&lines[at]));
                lines.splice(at..section_end(lines, at, depth), line);
                return;
            }
            Some(at) => at,
            None => {
                let empty = json!({});
                let Some(value) = (if is_last { value } else { Some(&empty) }) else { return };
                let first = lines.iter().position(|line| !is_empty(line) && line != "---").unwrap_or(lines.len());
                let at = if *name == "default" && depth == 0 { first } else { section.end };
                lines.insert(at, written(value));
                at
            }
        };
        if !is_last {
            let (said, comment) = lines[at].split_at(lines[at].len() - comment(&lines[at]).len());
            lines[at] = said.strip_suffix(" {}").unwrap_or(said).to_owned() + comment;
            section = at + 1..section_end(lines, at, depth);
            depth = lines[section.clone()].iter().find(|line| !is_empty(line)).map_or(depth + 2, |line| indent(line));
        }
    }
}

fn value(yaml: &str) -> Option<Value> {
    serde_saphyr::from_str(yaml).ok()
}

/// The key at the start of the line.
fn key(line: &str) -> Option<String> {
    value(line)?.as_object()?.keys().next().cloned()
}

/// The comment at the end of the line, with the blank before it: without it, the line says the same.
fn comment(line: &str) -> &str {
    let said = value(line);
    let mut blanks = line.match_indices(" #").map(|(at, _)| at);
    blanks.find(|at| said.is_some() && value(&line[..*at]) == said).map_or("", |at| &line[at..])
}

/// The line after the section that begins at line `head` and is indented by `depth`.
fn section_end(lines: &[String], head: usize, depth: usize) -> usize {
    let next = (head + 1..lines.len()).find(|at| !is_empty(&lines[*at]) && indent(&lines[*at]) <= depth);
    let mut end = next.unwrap_or(lines.len());
    // Blank lines and comments before the next section belong to the next section.
    while end > head + 1 && is_empty(&lines[end - 1]) {
        end -= 1;
    }
    end
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_empty(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

#[cfg(test)]
#[path = "../../tests/unit/config_edit.rs"]
mod tests;
