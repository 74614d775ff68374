use std::fs;
use std::io;
use std::path::PathBuf;

use ldtokens::Secret;

use crate::atomic::{Staged, resolved, staging_path};
use crate::destination::{Destination, Prepared};

/// A variable in a file of lines like `NAME=value`, as Docker, systemd and dotenv read them.
///
/// The line of the variable is changed, or added if there is none. All other lines are kept. The file is replaced atomically and
/// keeps its mode and owner.
#[derive(Clone, Debug)]
pub struct EnvFileDestination {
    path: PathBuf,
    variable: String,
}

impl EnvFileDestination {
    /// Returns the variable `variable` in the file at `path`.
    ///
    /// # Errors
    /// Why the name is not allowed.
    pub fn new(path: impl Into<PathBuf>, variable: impl Into<String>) -> Result<Self, String> {
        let variable = variable.into();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let is_valid =
            !variable.is_empty() && variable.bytes().all(is_name) && !variable.as_bytes()[0].is_ascii_digit();
        if !is_valid {
            return Err(
                "a variable's name consists of letters, digits and `_`, and does not start with a digit".to_owned()
            );
        }
        Ok(Self { path: path.into(), variable })
    }

    fn text(path: &PathBuf) -> Result<String, String> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Destination for EnvFileDestination {
    fn label(&self) -> String {
        format!("the variable {} in {}", self.variable, self.path.display())
    }

    fn is_readable(&self) -> bool {
        true
    }

    fn read(&self) -> Result<Option<Secret>, String> {
        let text = Self::text(&self.path)?;
        let line = find(&text, &self.variable)?;
        let value = line.map(|line| unquoted(line.value).to_owned()).filter(|value| !value.is_empty());
        Ok(value.map(Secret::new))
    }

    fn leftover(&self) -> Option<Secret> {
        let text = fs::read_to_string(staging_path(&resolved(&self.path).ok()?)).ok()?;
        let line = find(&text, &self.variable).ok()??;
        Some(Secret::new(unquoted(line.value)))
    }

    fn prepare(&self) -> Result<Prepared, String> {
        self.read()?;
        let staged = Staged::new(&self.path).map_err(|error| error.to_string())?;
        let (path, variable) = (self.path.clone(), self.variable.clone());
        Ok(Box::new(move |secret, _| {
            let text = Self::text(&path)?;
            let changed = with_value(&text, &variable, secret.expose())?;
            staged.replace(changed.as_bytes()).map_err(|error| error.to_string())
        }))
    }
}

/// The line of a variable.
struct Line<'a> {
    /// The text before the value: `export` if present, the name and `=`.
    head: &'a str,
    /// The value as it is written.
    value: &'a str,
    /// Where the line begins in the file.
    at: usize,
}

/// The line of `variable`, if there is one.
fn find<'a>(text: &'a str, variable: &str) -> Result<Option<Line<'a>>, String> {
    let mut found = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\r', '\n']);
        let name_at = content.trim_start();
        let name_at = name_at.strip_prefix("export ").map_or(name_at, str::trim_start);
        if let Some(value) = name_at.strip_prefix(variable).and_then(|rest| rest.strip_prefix('=')) {
            let head = &content[..content.len() - value.len()];
            if found.replace(Line { head, value, at }).is_some() {
                return Err(format!("{variable} is set twice: remove one of the lines"));
            }
        }
        at += line.len();
    }
    Ok(found)
}

/// The value without the quotes around it, or without the comment after it.
fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some((inner, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inner;
        }
    }
    value.split(char::is_whitespace).next().unwrap_or_default()
}

/// Returns the file's text with another value of the variable. Existing quotes are kept; a secret needs none.
fn with_value(text: &str, variable: &str, value: &str) -> Result<String, String> {
    let Some(line) = find(text, variable)? else {
        let separator = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return Ok(format!("{text}{separator}{variable}={value}\n"));
    };
    let old = unquoted(line.value);
    let value_at = line.at + line.head.len();
    let inner_at = value_at
        + line.value.find(old).filter(|_| !old.is_empty()).unwrap_or_else(|| {
            // An empty value: between its quotes, if it has some.
            usize::from(line.value.starts_with(['"', '\'']))
        });
    Ok(format!("{}{value}{}", &text[..inner_at], &text[inner_at + old.len()..]))
}

#[cfg(test)]
mod tests {
    use super::{find, unquoted, with_value};

    #[test]
    fn only_the_value_changes() {
        for (before, after) in [
            ("", "LD=new\n"),
            ("A=1\n", "A=1\nLD=new\n"),
            ("A=1", "A=1\nLD=new\n"),
            ("LD=old\nA=1\n", "LD=new\nA=1\n"),
            (
                "# LD=no\nLDX=1\n  export LD=\"old\" # why\r\nA=1\n",
                "# LD=no\nLDX=1\n  export LD=\"new\" # why\r\nA=1\n",
            ),
            ("LD='old'\n", "LD='new'\n"),
            ("LD=\n", "LD=new\n"),
            ("LD=\"\"\n", "LD=\"new\"\n"),
            ("LD=old # rotated nightly\n", "LD=new # rotated nightly\n"),
        ] {
            assert_eq!(with_value(before, "LD", "new").unwrap(), after, "{before:?}");
            let read = find(after, "LD").unwrap().map(|line| unquoted(line.value));
            assert_eq!(read, Some("new"), "{after:?}");
        }
    }

    #[test]
    fn two_lines_of_one_variable_are_refused() {
        assert!(with_value("LD=a\nLD=b\n", "LD", "new").unwrap_err().contains("twice"));
    }
}
