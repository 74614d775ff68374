//! What a command that changes tokens writes down before the first change, so that it can be gone on with and undone: what each
//! token was and is to be. It has no secrets. What was done is added line by line, so it is known even after a kill.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use ldtokens::{Token, TokenId, UnixMillis};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::files::{self, text};
use crate::moment::date;
use crate::terminal::{Failure, has_secret};
use crate::verbs::json;
use crate::verbs::targets::Item;

const VERSION: u32 = 1;

/// How many records are kept for a host. The oldest are removed.
const KEPT: usize = 100;

/// What of a token is written down: what it takes to restore it, or to create one like it.
const PROPERTIES: [&str; 8] =
    ["name", "description", "role", "customRoleIds", "inlineRole", "expiry", "serviceToken", "creationDate"];

/// The first line.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Header {
    version: u32,
    /// The command's name.
    pub(crate) command: String,
    /// What it changes, in words.
    pub(crate) change: String,
    /// The account's host, as `Settings::host_as_name` writes it.
    pub(crate) host: String,
    /// When it began, in RFC 3339.
    pub(crate) at: String,
    /// The record of the change that it undoes, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) undoes: Option<PathBuf>,
}

impl Header {
    pub(crate) fn new(command: &str, change: &str, host: &str) -> Self {
        let at = date(UnixMillis::now());
        let [command, change, host] = [command, change, host].map(str::to_owned);
        Self { version: VERSION, command, change, host, at, undoes: None }
    }
}

/// A token, as it was before the change.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct PastToken {
    #[serde(rename = "_id")]
    pub(crate) id: TokenId,
    pub(crate) was: Map<String, Value>,
    /// What is changed: each property's value before and after.
    #[serde(default)]
    pub(crate) changes: Map<String, Value>,
}

impl PastToken {
    fn new(item: &Item) -> Self {
        let before = item.before.as_ref().map(json).unwrap_or_default();
        let after = item.after.as_ref().map_or_else(|| before.clone(), json);
        // A text that looks like a secret is not written down, so it can't be restored.
        let kept = |name: &str, value: Value| (!has_secret(&value.to_string())).then(|| (name.to_owned(), value));
        let was = PROPERTIES.iter().filter_map(|name| kept(name, before.get(*name)?.clone()));
        let changes = PROPERTIES.iter().filter_map(|name| {
            let (before, after) = (before.get(*name), after.get(*name));
            (before != after).then(|| kept(name, json!([before, after])))?
        });
        Self { id: item.target.id.clone(), was: was.collect(), changes: changes.collect() }
    }
}

/// A line after the first: a token as it was, or what was done since.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Line {
    /// A token is done.
    Done(TokenId),
    /// All of the change was undone, then, or its undoing was.
    Undone(Option<String>),
    /// What a token has become, if it is not what was asked for: the API gives back custom roles by their IDs.
    #[serde(untagged)]
    Became { became: TokenId, custom_role_ids: Vec<String> },
    #[serde(untagged)]
    Token(PastToken),
}

/// What tokens were before a change, and how far it got.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) path: PathBuf,
    pub(crate) header: Header,
    pub(crate) tokens: Vec<PastToken>,
    done: HashSet<TokenId>,
    is_undone: bool,
}

impl Record {
    fn new(path: &Path, header: Header) -> Self {
        Self { path: path.to_owned(), header, tokens: Vec::new(), done: HashSet::new(), is_undone: false }
    }

    /// Writes down what the tokens are. Nothing may be changed before this.
    pub(crate) fn begin(folder: &Path, header: Header, items: &[Item]) -> Result<Self, Failure> {
        let time = Timestamp::now().strftime("%Y%m%dT%H%M%S.%3fZ");
        let path = folder.join(format!("{time}-{}-{}.ndjson", std::process::id(), header.command));
        let record = Self { tokens: items.iter().map(PastToken::new).collect(), ..Self::new(&path, header) };
        record.write(folder).map_err(|error| {
            Failure::usage(format!("the present state of the tokens can't be saved to {}: {error}", path.display()))
        })?;
        Ok(record)
    }

    fn write(&self, folder: &Path) -> std::io::Result<()> {
        files::create_private_folder(folder)?;
        let mut options = OpenOptions::new();
        options.create_new(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.path)?;
        let mut text = serde_json::to_string(&self.header)?;
        for token in &self.tokens {
            text += &("\n".to_owned() + &serde_json::to_string(token)?);
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        let all = all(folder)?;
        for old in &all[..all.len().saturating_sub(KEPT)] {
            let _ = fs::remove_file(old);
        }
        Ok(())
    }

    /// Notes that a token is done. If it can't be written, the token is done again later, which does no harm.
    pub(crate) fn done(&self, id: &TokenId) {
        let _ = append(&self.path, &Line::Done(id.clone()));
    }

    /// Notes what a token has become, if it is not what was asked for.
    pub(crate) fn became(&self, item: &Item, token: &Token) {
        if item.after.as_ref().is_some_and(|after| after.custom_role_ids != token.custom_role_ids) {
            let (became, custom_role_ids) = (token.id.clone(), token.custom_role_ids.clone());
            let _ = append(&self.path, &Line::Became { became, custom_role_ids });
        }
    }

    /// Notes that all of the change was undone. If it was an undo, what that undid is not undone any more.
    pub(crate) fn undone(&self) -> Result<(), Failure> {
        append(&self.path, &Line::Undone(Some(date(UnixMillis::now()))))?;
        self.header.undoes.as_ref().map_or(Ok(()), |path| append(path, &Line::Undone(None)))
    }

    /// The record, to go on with it.
    pub(crate) fn resumed(&self) -> Result<Self, Failure> {
        open(&self.path).map(|_| self.clone())
    }

    /// How to go on after it was interrupted, and with which file.
    pub(crate) fn how_to_go_on(&self) -> (String, &Path) {
        match &self.header.undoes {
            Some(path) => (format!("run `ldtokens undo {}` again", path.display()), path),
            None => {
                let path = &self.path;
                (format!("run the same command with `--resume {}` in the place of the tokens", path.display()), path)
            }
        }
    }

    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let unusable = |reason: String| Failure::usage(format!("{}: {reason}", path.display()));
        let no_record = || unusable("it is not a record of a change by `ldtokens`".to_owned());
        let text = text::of_file(path, u64::MAX).map_err(unusable)?;
        let mut lines = text.lines();
        let header: Header = lines.next().and_then(|line| serde_json::from_str(line).ok()).ok_or_else(no_record)?;
        if header.version != VERSION {
            return Err(unusable("it was written by another version of `ldtokens`".to_owned()));
        }
        let mut record = Self::new(path, header);
        for line in lines.map(serde_json::from_str::<Line>) {
            match line {
                Ok(Line::Done(id)) => drop(record.done.insert(id)),
                Ok(Line::Undone(at)) => record.is_undone = at.is_some(),
                Ok(Line::Became { became, custom_role_ids }) => {
                    let token = record.tokens.iter_mut().find(|token| token.id == became);
                    if let Some(pair) = token.and_then(|token| token.changes.get_mut("customRoleIds")) {
                        pair[1] = custom_role_ids.into();
                    }
                }
                Ok(Line::Token(token)) => record.tokens.push(token),
                Err(error) if error.is_data() => return Err(no_record()),
                // It was cut when the command was killed while it wrote.
                Err(_) => {}
            }
        }
        Ok(record)
    }

    /// Returns an error if what it is of, such as the host, is not the same now.
    pub(crate) fn check(&self, what: &str, was: &str, is: &str) -> Result<(), Failure> {
        let other = || format!("{}: it is of another {what}: `{was}`, not `{is}`", self.path.display());
        if was == is { Ok(()) } else { Err(Failure::usage(other())) }
    }

    /// The tokens that are not done.
    pub(crate) fn left(&self) -> impl Iterator<Item = &PastToken> {
        self.tokens.iter().filter(|token| !self.done.contains(&token.id))
    }

    /// The latest record in the folder that was not undone and undoes nothing.
    pub(crate) fn latest(folder: &Path) -> Option<Self> {
        let all = all(folder).unwrap_or_default();
        let mut records = all.iter().rev().filter_map(|path| Self::read(path).ok());
        records.find(|record| !record.is_undone && record.header.undoes.is_none())
    }
}

fn open(path: &Path) -> Result<File, Failure> {
    let file = OpenOptions::new().append(true).open(path);
    file.map_err(|error| Failure::usage(format!("can't write to {}: {error}", path.display())))
}

/// The line end comes first: the last line may be cut.
fn append(path: &Path, line: &Line) -> Result<(), Failure> {
    let line = format!("\n{}", serde_json::to_string(line).expect("it is JSON"));
    open(path)?.write_all(line.as_bytes()).map_err(|error| Failure::other(format!("{}: {error}", path.display())))
}

/// The files of the records, the oldest first.
fn all(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.path());
    let mut all: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "ndjson")).collect();
    all.sort();
    Ok(all)
}
