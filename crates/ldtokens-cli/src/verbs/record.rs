//! What a command that changes tokens writes down before the first change, so that it can be gone on with and undone: what each
//! token was and is to be. It has no secrets. What was done is added line by line, so it is known even after a kill. `ldtokens undo`
//! restores what the tokens were.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use jiff::Timestamp;
use ldtokens::{DryRun, Token, TokenId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::account::connect::with_client;
use crate::account::settings::Settings;
use crate::arguments::{ConfirmArgs, GlobalArgs, some_path};
use crate::files::{self, text};
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::redact::has_secret;
use crate::verbs::batch::{Batch, Labels};
use crate::verbs::bulk::{FOLDER, read_each};
use crate::verbs::plan::{Item, Plan, Words, fitting};
use crate::verbs::targets::Target;
use crate::verbs::update::edit_each;
use crate::verbs::{Printing, json};

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
        let at = format!("{:.0}", Timestamp::now());
        let [command, change, host] = [command, change, host].map(str::to_owned);
        Self { version: VERSION, command, change, host, at, undoes: None }
    }
}

/// A token, as it was before the change.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct PastToken {
    #[serde(rename = "_id")]
    pub(crate) id: String,
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
        Self { id: item.target.id.to_string(), was: was.collect(), changes: changes.collect() }
    }
}

/// The record of a run, open for what is done.
#[derive(Debug)]
pub(crate) struct Record {
    path: PathBuf,
    file: File,
    undoes: Option<PathBuf>,
}

impl Record {
    /// Writes down what the tokens are. Nothing may be changed before this.
    pub(crate) fn begin(folder: &Path, header: &Header, items: &[Item]) -> Result<Self, Failure> {
        let time = Timestamp::now().strftime("%Y%m%dT%H%M%S.%3fZ");
        let path = folder.join(format!("{time}-{}-{}.ndjson", std::process::id(), header.command));
        Self::write(folder, &path, header, items).map_err(|error| {
            Failure::usage(format!("what the tokens are can't be written to {}: {error}", path.display()))
        })
    }

    fn write(folder: &Path, path: &Path, header: &Header, items: &[Item]) -> std::io::Result<Self> {
        files::create_private_folder(folder)?;
        let mut options = OpenOptions::new();
        options.create_new(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        let mut text = serde_json::to_string(header)? + "\n";
        for item in items {
            text += &serde_json::to_string(&PastToken::new(item))?;
            text.push('\n');
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        let all = all(folder)?;
        for old in &all[..all.len().saturating_sub(KEPT)] {
            let _ = fs::remove_file(old);
        }
        Ok(Self { path: path.to_owned(), file, undoes: header.undoes.clone() })
    }

    /// Opens a record that exists, to go on with it.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let file = OpenOptions::new().append(true).open(path);
        let file = file.map_err(|error| Failure::usage(format!("can't write to {}: {error}", path.display())))?;
        Ok(Self { path: path.to_owned(), file, undoes: None })
    }

    /// Notes that a token is done. If it can't be written, the token is done again later, which does no harm.
    pub(crate) fn done(&self, id: &TokenId) {
        self.append(&json!({ "done": id }));
    }

    /// Notes what a token has become, if it is not what was asked for: the API gives back custom roles by their IDs.
    pub(crate) fn became(&self, item: &Item, token: &Token) {
        let is_other = item.after.as_ref().is_some_and(|after| after.custom_role_ids != token.custom_role_ids);
        if is_other {
            self.append(&json!({ "became": token.id, "customRoleIds": token.custom_role_ids }));
        }
    }

    /// Notes that all of the change was undone, or that its undoing was.
    pub(crate) fn note_undone(path: &Path, is_undone: bool) -> Result<(), Failure> {
        let at = is_undone.then(|| format!("{:.0}", Timestamp::now()));
        Self::open(path)?.append(&json!({ "undone": at }));
        Ok(())
    }

    fn append(&self, line: &Value) {
        let _ = (&self.file).write_all(format!("{line}\n").as_bytes());
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How to go on after it was interrupted, and with which file.
    pub(crate) fn how_to_go_on(&self) -> (String, &Path) {
        let path = self.undoes.as_ref().unwrap_or(&self.path);
        let how = match self.undoes {
            Some(_) => format!("run `ldtokens undo {}` again", path.display()),
            None => format!("run the same command with `--resume {}` in the place of the tokens", path.display()),
        };
        (how, path)
    }
}

/// A record that was read.
#[derive(Debug)]
pub(crate) struct Past {
    pub(crate) path: PathBuf,
    pub(crate) header: Header,
    pub(crate) tokens: Vec<PastToken>,
    pub(crate) done: HashSet<String>,
    pub(crate) is_undone: bool,
}

impl Past {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let unusable = |reason: String| Failure::usage(format!("{}: {reason}", path.display()));
        let no_record = || unusable("it is not a record of a change by `ldtokens`".to_owned());
        let text = text::of_file(path, u64::MAX).map_err(unusable)?;
        let mut lines = text.lines();
        let header: Header = lines.next().and_then(|line| serde_json::from_str(line).ok()).ok_or_else(no_record)?;
        if header.version != VERSION {
            return Err(unusable("it was written by another version of `ldtokens`".to_owned()));
        }
        let (path, tokens, done) = (path.to_owned(), Vec::new(), HashSet::new());
        let mut past = Self { path, header, tokens, done, is_undone: false };
        for line in lines {
            // The last line is cut if the command was killed while it wrote.
            let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
            if let Some(id) = line.get("done").and_then(Value::as_str) {
                past.done.insert(id.to_owned());
            } else if let Some(at) = line.get("undone") {
                past.is_undone = !at.is_null();
            } else if let Some(id) = line.get("became").and_then(Value::as_str) {
                let token = past.tokens.iter_mut().find(|token| token.id == id);
                if let Some(pair) = token.and_then(|token| token.changes.get_mut("customRoleIds")) {
                    pair[1] = line["customRoleIds"].clone();
                }
            } else {
                past.tokens.push(serde_json::from_value(line).map_err(|_| no_record())?);
            }
        }
        Ok(past)
    }

    /// Returns an error if it is not a record of this command, change and host.
    pub(crate) fn check(&self, now: &Header) -> Result<(), Failure> {
        let was = &self.header;
        let pairs = [
            ("command", &was.command, &now.command),
            ("change", &was.change, &now.change),
            ("host", &was.host, &now.host),
        ];
        match pairs.iter().find(|(_, was, is)| was != is) {
            None => Ok(()),
            Some((what, was, is)) => {
                Err(Failure::usage(format!("{}: it is of another {what}: `{was}`, not `{is}`", self.path.display())))
            }
        }
    }

    /// The records of a host that were not undone and undo nothing, the latest first.
    pub(crate) fn all(folder: &Path) -> impl Iterator<Item = Self> {
        let all = all(folder).unwrap_or_default();
        all.into_iter()
            .rev()
            .filter_map(|path| Self::read(&path).ok())
            .filter(|past| !past.is_undone && past.header.undoes.is_none())
    }
}

/// The files of the records, the oldest first.
fn all(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.path());
    let mut all: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "ndjson")).collect();
    all.sort();
    Ok(all)
}

const WORDS: Words<'static> = Words {
    verb: "Restore",
    labels: &Labels { doing: "restoring", done: "restored", unchanged: "need no change", changes: true },
    warning: None,
    lasting: Some("secrets and deleted tokens can't be restored"),
};

/// Restore what tokens were before the last `update`
///
/// Before a command changes tokens, it writes down what they are, without their secrets, in your state folder. This restores
/// them. A token that was changed by someone else since is left as it is. Deleted tokens and old secrets can't be restored.
/// What this does is written down too, so `ldtokens undo FILE` can take it back.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct UndoArgs {
    /// The record of the change to undo [default: the last one that was not undone, of this account's host]
    #[arg(value_name = "FILE", value_parser = some_path(), value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,

    #[command(flatten)]
    confirm: ConfirmArgs,
}

const EXAMPLES: &str = "\
Examples:
  ldtokens update --all-matching name~export --role writer
  ldtokens undo --dry-run
  ldtokens undo";

pub(crate) async fn undo(global: &GlobalArgs, arguments: &UndoArgs) -> Result<(), Failure> {
    let settings = Settings::read(global)?;
    let (folder, host) = (settings.state_folder(None, FOLDER)?, settings.host_as_name());
    let past = match &arguments.file {
        Some(file) => Past::read(file)?,
        None => Past::all(&folder).next().ok_or_else(|| {
            let text = format!("there is nothing to undo: {} has no record of a change", folder.display());
            Failure::new(Kind::NoMatch, text)
        })?,
    };
    let Past { header, path, .. } = &past;
    if header.host != host {
        return Err(Failure::usage(format!(
            "{}: it is of another host: `{}`, not `{host}`",
            path.display(),
            header.host
        )));
    }
    let known: HashMap<&str, &PastToken> =
        past.tokens.iter().filter(|token| !token.changes.is_empty()).map(|token| (token.id.as_str(), token)).collect();
    if known.is_empty() {
        return Err(Failure::usage(format!(
            "the last change, `ldtokens {}` of {} at {}, can't be undone; {} shows what the tokens were, and `ldtokens undo \
             FILE` undoes an earlier change",
            header.command,
            past.tokens.len(),
            header.at,
            path.display()
        )));
    }
    with_client(global, DryRun::Changes, async |session| {
        session.say(&format!("This undoes `ldtokens {}` of {} ({})", header.command, header.at, header.change));
        let items = past.tokens.iter().filter(|token| known.contains_key(token.id.as_str())).map(|token| {
            let name = token.was.get("name").and_then(Value::as_str).map(str::to_owned);
            Ok(Item::new(Target { id: TokenId::new(token.id.as_str())?, name }, None))
        });
        let items = read_each(session, true, items.collect::<Result<_, Failure>>()?).await?;
        let mut plan = Plan { words: &WORDS, items, notes: Vec::new() };
        let mut others = Vec::new();
        for item in &mut plan.items {
            let Some(before) = &item.before else { continue };
            item.after = restored(known[item.target.id.as_str()], before);
            if item.after.is_none() {
                others.push(item.target.to_string());
                item.after = Some(before.clone());
            }
        }
        if !others.is_empty() {
            plan.notes.push(format!("changed by someone else since, so left as they are: {}", fitting(&others, 100)));
        }
        plan.agree(session, arguments.confirm, false).await?;
        plan.items.retain(|item| item.before.is_some());
        if plan.items.is_empty() {
            // Another credential may see them, so the change still counts as not undone.
            let hint = "`ldtokens undo FILE` undoes an earlier change";
            return Err(Failure::new(Kind::NotFound, format!("nothing was restored; {hint} in {}", folder.display())));
        }
        let undoes = Some(path.clone());
        let now = Header { undoes, ..Header::new("undo", &header.change, &host) };
        let has_changes = !session.is_dry_run && plan.changes_something();
        let record = if has_changes { Some(Record::begin(&folder, &now, &plan.items)?) } else { None };
        let batch = Batch { session, labels: WORDS.labels, record, in_turn: false };
        let change = |item: &Item, token: &mut Token| {
            if let Some(restored) = restored(known[item.target.id.as_str()], token) {
                *token = restored;
            }
        };
        let is_quiet = global.verbose == 0;
        edit_each(&batch, &plan.items, Some("ldtokens undo"), change, Printing::Nothing, is_quiet).await?;
        if !session.is_dry_run {
            Record::note_undone(path, true)?;
            if let Some(first) = &header.undoes {
                Record::note_undone(first, false)?;
            }
        }
        if let Some(record) = &batch.record {
            session.note(&format!("`ldtokens undo {}` takes this back", record.path().display()));
        }
        Ok(())
    })
    .await
}

/// The token as it was before the change. None if someone else has changed it since.
fn restored(past: &PastToken, token: &Token) -> Option<Token> {
    let mut now = json(token);
    for (name, pair) in &past.changes {
        let is = now.get(name).unwrap_or(&Value::Null);
        if *is == pair[0] {
            continue;
        }
        if *is != pair[1] {
            return None;
        }
        match (&pair[0], now.as_object_mut()?) {
            (Value::Null, now) => drop(now.remove(name)),
            (was, now) => drop(now.insert(name.clone(), was.clone())),
        }
    }
    serde_json::from_value(now).ok()
}
