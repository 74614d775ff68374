//! Changes the configuration file and keeps its comments, its order and everything else.
//!
//! The text is edited line by line and then parsed again. If the result is not exactly what it should be, nothing is written.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use crate::account::config_file::ConfigFile;
use crate::files::{folder_of, reason, replace, text};
use crate::terminal::failure::Failure;
use crate::terminal::output::yaml::yaml;

/// Changes the configuration file, or creates it. `change` gets what it says: while that runs, other commands wait. A default
/// profile that is removed is none any more.
pub(crate) fn edit(change: impl FnOnce(&mut ConfigFile) -> Result<(), Failure>) -> Result<(), Failure> {
    let given = ConfigFile::read_to_edit()?.path;
    let failed = |reason: String| Failure::usage(format!("{}: {reason}", given.display()));
    let io = |error: io::Error| failed(reason(&error));
    // A symbolic link stays one.
    let path = if given.exists() { given.canonicalize().map_err(io)? } else { given.clone() };
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

/// Waits until no other command changes the file. The lock ends when it is dropped; its file stays, since another command may
/// wait for it.
fn lock(path: &Path) -> io::Result<File> {
    fs::create_dir_all(folder_of(path))?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    let file = File::options().create(true).truncate(false).write(true).open(path.with_file_name(name))?;
    file.lock()?;
    Ok(file)
}

/// The text that says what is to be `after`. None if it would not say exactly that.
fn edited(text: &str, before: &ConfigFile, after: &mut ConfigFile) -> Option<String> {
    [merged, |_: &[String], new: &[String]| new.to_vec()]
        .into_iter()
        .find_map(|merge| edited_by(merge, text, before, after))
}

/// The same. `merge` gets the lines of a profile, and what they are to say.
fn edited_by(
    merge: fn(&[String], &[String]) -> Vec<String>,
    text: &str,
    before: &ConfigFile,
    after: &mut ConfigFile,
) -> Option<String> {
    after.default.take_if(|name| !after.profiles.contains_key(name));
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (name, profile) in after.profiles.iter().filter(|(name, profile)| before.profiles.get(*name) != Some(profile)) {
        // A path that is not UTF-8 has no YAML. What is made then is found to be different.
        let mut settings = serde_json::to_value(profile).unwrap_or_default();
        if let Value::Object(settings) = &mut settings {
            settings.retain(|_, value| !matches!(value, Value::Null | Value::Bool(false)));
        }
        set_profile(&mut lines, name, &block(name, settings), merge);
    }
    for name in before.profiles.keys().filter(|name| !after.profiles.contains_key(*name)) {
        set_profile(&mut lines, name, &[], merge);
    }
    if before.default != after.default {
        let first = lines.iter().position(|line| !is_empty(line) && line != "---").unwrap_or(lines.len());
        let replaced = position(&lines, 0, "default").map_or(first..first, |at| at..at + 1);
        let old = lines[replaced.clone()].first().map_or(String::new(), |line| comment(line).to_owned());
        lines.splice(replaced, after.default.iter().map(|name| block("default", json!(name)).concat() + &old));
    }
    let text: String = lines.into_iter().map(|line| line + end).collect();
    (ConfigFile::parse(&text, &after.path).ok().as_ref() == Some(after)).then_some(text)
}

/// The setting as lines of YAML.
fn block(key: &str, value: Value) -> Vec<String> {
    yaml(&json!({ key: value })).lines().map(str::to_owned).collect()
}

/// The lines of a profile that say what `new` says, with the comments of the `old` ones and in their order.
fn merged(old: &[String], new: &[String]) -> Vec<String> {
    let Some(first) = old.iter().skip(1).find(|line| !is_empty(line)).filter(|_| !new.is_empty()) else {
        return new.to_vec();
    };
    let depth = indent(first);
    let mut left: Vec<&str> = new[1..].iter().map(|line| line.trim_start()).collect();
    let (mut lines, mut at) = (vec![old[0].clone()], 1);
    while at < old.len() {
        let end = if is_empty(&old[at]) { at + 1 } else { section_end(old, at, depth) };
        if is_empty(&old[at]) {
            lines.push(old[at].clone());
        } else if let Some(found) = left.iter().position(|line| key(line) == key(&old[at])) {
            let line = left.remove(found);
            if value(&old[at..end].join("\n")) == value(line) {
                lines.extend_from_slice(&old[at..end]);
            } else {
                lines.push(format!("{:depth$}{line}{}", "", comment(&old[at])));
            }
        }
        at = end;
    }
    lines.extend(left.iter().map(|line| format!("{:depth$}{line}", "")));
    lines
}

fn value(yaml: &str) -> Option<Value> {
    serde_saphyr::from_str(yaml).ok()
}

/// The comment at the end of the line, with the blank before it: without it, the line says the same.
fn comment(line: &str) -> &str {
    let said = value(line);
    let mut blanks = line.match_indices(" #").map(|(at, _)| at);
    blanks.find(|at| said.is_some() && value(&line[..*at]) == said).map_or("", |at| &line[at..])
}

/// Replaces the profile by `block`, or adds it.
fn set_profile(lines: &mut Vec<String>, name: &str, block: &[String], merge: fn(&[String], &[String]) -> Vec<String>) {
    let head = position(lines, 0, "profiles").unwrap_or(lines.len());
    if lines.get(head).is_none_or(|line| line.trim_end().ends_with("{}")) {
        lines.splice(head..lines.len().min(head + 1), ["profiles:".to_owned()]);
    }
    let end = section_end(lines, head, 0);
    let depth = lines[head + 1..end].iter().find(|line| !is_empty(line)).map_or(2, |line| indent(line));
    let there = position(&lines[head + 1..end], depth, name).map(|at| head + 1 + at);
    let replaced = there.map_or(end..end, |at| at..section_end(lines, at, depth));
    let block: Vec<String> = block.iter().map(|line| format!("{:depth$}{line}", "")).collect();
    let block = if there.is_some() { merge(&lines[replaced.clone()], &block) } else { block };
    lines.splice(replaced, block);
}

/// The line with this key and indent.
fn position(lines: &[String], depth: usize, name: &str) -> Option<usize> {
    lines.iter().position(|line| indent(line) == depth && key(line) == Some(name))
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

/// The key at the start of the line, without quotes.
fn key(line: &str) -> Option<&str> {
    let (key, _) = line.trim_start().split_once(':')?;
    Some(key.trim().trim_matches(['"', '\'']))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_empty(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::edited;
    use crate::account::config_file::{ConfigFile, Profile};

    fn after(text: &str, change: impl Fn(&mut ConfigFile)) -> Option<String> {
        let before = ConfigFile::parse(text, Path::new("x")).unwrap();
        let mut after = before.clone();
        change(&mut after);
        edited(text, &before, &mut after)
    }

    fn profile(host: &str) -> Profile {
        Profile { host: Some(host.to_owned()), token_command: Some("op read 'x' # y".to_owned()), ..Profile::default() }
    }

    const NEW: &str = "  a:\n    host: b\n    token-command: \"op read 'x' # y\"\n";

    #[test]
    fn setting_a_profile_keeps_everything_else() {
        let set = |config: &mut ConfigFile| drop(config.profiles.insert("a".to_owned(), profile("b")));
        for (before, expected) in [
            ("", format!("profiles:\n{NEW}")),
            ("# mine\n", format!("# mine\nprofiles:\n{NEW}")),
            ("profiles: {}\n", format!("profiles:\n{NEW}")),
            ("profiles:\n", format!("profiles:\n{NEW}")),
            ("profiles:\n  z: {}\n\n# end\n", format!("profiles:\n  z: {{}}\n{NEW}\n# end\n")),
            ("profiles:\n  z: {}\ndefault: z\n", format!("profiles:\n  z: {{}}\n{NEW}default: z\n")),
            (
                "profiles:\n  # first\n  a:\n    local: true\n\n  # second\n  z: {}\n",
                format!("profiles:\n  # first\n{NEW}\n  # second\n  z: {{}}\n"),
            ),
            (
                "profiles:\n  a: # mine\n    # why\n    token-command:   \"op read 'x' # y\"\n    host: z # soon\n    # end\n  z: {}\n",
                "profiles:\n  a: # mine\n    # why\n    token-command:   \"op read 'x' # y\"\n    host: b # soon\n    # end\n  z: {}\n".to_owned(),
            ),
            (
                "profiles:\n  a:\n    region: eu # gone\n    token-command: \"op read 'x' # y\" # kept\n",
                "profiles:\n  a:\n    token-command: \"op read 'x' # y\" # kept\n    host: b\n".to_owned(),
            ),
            ("profiles:\n  'a': {region: eu}\n  z: {}\n", format!("profiles:\n{NEW}  z: {{}}\n")),
            (
                "profiles:\n    z: {}\n",
                format!(
                    "profiles:\n    z: {{}}\n{}",
                    NEW.replace("  a", "    a").replace("    h", "      h").replace("    t", "      t")
                ),
            ),
        ] {
            assert_eq!(after(before, set), Some(expected), "{before:?}");
        }
        assert!(after("profiles: {z: {}}\n", set).is_none(), "a form that can't be edited is an error");
        assert!(after("profiles:\r\n  z: {}\r\n", set).unwrap().contains("host: b\r\n"));
    }

    #[test]
    fn setting_the_default_keeps_everything_else() {
        let set = |config: &mut ConfigFile| config.default = Some("a".to_owned());
        for (before, expected) in [
            ("profiles: {a: {}}\n", "default: a\nprofiles: {a: {}}\n"),
            ("# mine\nprofiles: {a: {}}\n", "# mine\ndefault: a\nprofiles: {a: {}}\n"),
            (
                "default: 'b # x' # mine\nprofiles: {a: {}, 'b # x': {}}\n",
                "default: a # mine\nprofiles: {a: {}, 'b # x': {}}\n",
            ),
            ("profiles: {a: {}, b: {}}\ndefault: b\n", "profiles: {a: {}, b: {}}\ndefault: a\n"),
            ("---\nprofiles: {a: {}}\n", "---\ndefault: a\nprofiles: {a: {}}\n"),
        ] {
            assert_eq!(after(before, set).as_deref(), Some(expected), "{before:?}");
        }
    }

    #[test]
    fn a_name_that_yaml_would_read_as_another_type_is_quoted() {
        for name in ["no", "12", "a b", "a: b", "#x", "ümlaut", "it's"] {
            let set = |config: &mut ConfigFile| drop(config.profiles.insert(name.to_owned(), Profile::default()));
            assert!(after("", set).is_some(), "{name}");
        }
    }

    #[test]
    fn removing_a_profile_keeps_everything_else() {
        let remove = |config: &mut ConfigFile| drop(config.profiles.remove("a"));
        for (before, expected) in [
            ("profiles:\n  a: {}\n", "profiles:\n"),
            ("default: a # mine\nprofiles:\n  a: {}\n  b: {}\n", "profiles:\n  b: {}\n"),
            (
                "default: b\nprofiles:\n  # one\n  b: {}\n  a:\n    region: eu\n\n# end\n",
                "default: b\nprofiles:\n  # one\n  b: {}\n\n# end\n",
            ),
        ] {
            assert_eq!(after(before, remove).as_deref(), Some(expected), "{before:?}");
        }
        assert!(after("profiles: {a: {}, b: {}}\n", remove).is_none());
    }
}
