//! What a command is about to change: shown before anything is changed, asked about, and written down.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};

use ldtokens::{Token, UnixMillis};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::account::Session;
use crate::arguments::ConfirmArgs;
use crate::moment::date;
use crate::terminal::{Failure, Kind, access, cut, error_width, grouped, plain, progress, say};
use crate::verbs::targets::{Item, Target};
use crate::verbs::{json, show_keys};

/// The width of a plan's lines, if standard error is not a terminal.
const WIDTH: usize = 100;

/// What can change of a token, and the properties that it consists of.
const CHANGING: [(&str, &[&str]); 4] = [
    ("access", &["role", "customRoleIds", "inlineRole"]),
    ("name", &["name"]),
    ("description", &["description"]),
    ("expiry", &["expiry"]),
];

/// At most so many different changes are listed.
const LISTED: usize = 5;

/// What a command does to its tokens, in words.
pub(crate) struct Words {
    /// "Delete". Empty if nothing is changed.
    pub(crate) verb: &'static str,
    /// "deleting"
    pub(crate) doing: &'static str,
    /// "deleted"
    pub(crate) done: &'static str,
    /// "did not exist": what is said of tokens that needed no change.
    pub(crate) unchanged: &'static str,
    /// Said of one token, and of several, at the end of the question.
    pub(crate) warning: Option<[&'static str; 2]>,
    /// What can't be undone. None if `ldtokens undo` can restore all of it.
    pub(crate) lasting: Option<&'static str>,
}

/// What is to be done to which tokens.
pub(crate) struct Plan {
    pub(crate) words: &'static Words,
    pub(crate) items: Vec<Item>,
    /// More lines, such as what can't be changed.
    pub(crate) notes: Vec<String>,
}

impl Plan {
    /// The plan to change each token by `change`.
    pub(crate) fn of_changes(words: &'static Words, mut items: Vec<Item>, change: impl Fn(&Item, &mut Token)) -> Self {
        for item in &mut items {
            let mut after = item.before.clone();
            after.iter_mut().for_each(|token| change(item, token));
            item.after = after;
        }
        Self { words, items, notes: Vec::new() }
    }

    fn changing(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| !item.is_unchanged() && item.problem.is_none())
    }

    /// "Delete 41 tokens", or "Delete the token ID (name)".
    fn title(&self) -> String {
        let verb = self.words.verb;
        match &self.items[..] {
            [only] => format!("{verb} the token {}", only.target),
            _ => match self.changing().count() {
                1 => format!("{verb} 1 token"),
                count => format!("{verb} {} tokens", grouped(count)),
            },
        }
    }

    /// The plan, line by line.
    async fn lines(&self, session: &Session, has_own: bool) -> Result<Vec<String>, Failure> {
        let width = error_width().unwrap_or(WIDTH);
        let mut lines = vec![format!("{} of {}:", self.title(), session.account)];
        let mut line = |text: String| lines.push(format!("- {text}"));
        changes(session, self.changing()).await?.into_iter().for_each(&mut line);
        let unchanged = self.items.iter().filter(|item| item.is_unchanged()).count();
        if unchanged > 0 {
            line(format!("{} {}", grouped(unchanged), self.words.unchanged));
        }
        let mut problems: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for item in &self.items {
            if let Some(problem) = &item.problem {
                problems.entry(problem).or_default().push(item.target.to_string());
            }
        }
        for (problem, tokens) in problems {
            line(format!("{}: {problem}", fitting(&tokens, width.saturating_sub(problem.width() + 4))));
        }
        let names: Vec<String> = self.changing().map(|item| short(&item.target)).collect();
        if !names.is_empty() {
            line(fitting(&names, width.saturating_sub(2)));
        }
        for note in &self.notes {
            line(note.clone());
        }
        let can_be_restored = match has_own {
            true => "`ldtokens undo` can restore what they were, if the token in use still has the rights to",
            false => "`ldtokens undo` can restore what they were",
        };
        line(self.words.lasting.unwrap_or(can_be_restored).to_owned());
        Ok(lines)
    }

    /// Whether it is not known that all is as it is to be.
    pub(crate) fn changes_something(&self) -> bool {
        self.items.iter().any(|item| !item.is_unchanged())
    }

    /// The token that this command uses, if it ends, gets another secret, or has its permissions or expiry changed, and if the API says
    /// which one it is.
    async fn own(&self, session: &Session) -> Result<Option<&Target>, Failure> {
        let rights = |token: &Token| {
            (token.role.clone(), token.custom_role_ids.clone(), token.inline_role.clone(), token.expiry)
        };
        let is_affected = |item: &&Item| match (&item.before, &item.after) {
            (Some(before), Some(after)) => rights(before) != rights(after),
            _ => self.words.warning.is_some(),
        };
        let mut affected = self.changing().filter(is_affected).map(|item| &item.target).peekable();
        if affected.peek().is_none() {
            return Ok(None);
        }
        let own = session.own_token().await?;
        Ok(affected.find(|target| Some(&target.id) == own))
    }

    /// Shows the plan, and asks. One token that the user has named needs no plan, and a question only if it can't be undone or is the
    /// token in use.
    pub(crate) async fn agree(&self, session: &Session, arguments: ConfirmArgs, is_named: bool) -> Result<(), Failure> {
        if self.items.is_empty() {
            return Ok(());
        }
        let own = self.own(session).await?;
        let lines = if is_named { Vec::new() } else { self.lines(session, own.is_some()).await? };
        lines.iter().for_each(|line| say::result(line));
        if !self.changes_something() || is_named && self.words.warning.is_none() && own.is_none() {
            return Ok(());
        }
        if let Some(target) = own {
            let what = match self.words.warning {
                Some(_) => "its secret stops working here too",
                None => "with other permissions or another expiry, it may not be able to take this back",
            };
            say::warning(&format!("{target} is the token that this command uses: {what}"));
        }
        ask(arguments, session, async || {
            let warning = match (self.words.warning, self.changing().count()) {
                (None, _) => String::new(),
                (Some([one, _]), ..=1) => format!(" {one}"),
                (Some([_, several]), _) => format!(" {several}"),
            };
            let is_hidden = say::are_errors_json() || error_width().is_none();
            let before = if is_hidden && !is_named { lines.join("\n") + "\n" } else { String::new() };
            Ok(format!("{before}{}?{warning}", self.title()))
        })
        .await
    }
}

/// The token's name, or its ID if it has none.
fn short(target: &Target) -> String {
    target
        .name
        .as_deref()
        .filter(|name| !name.trim().is_empty())
        .map_or_else(|| target.id.to_string(), |name| cut(name, 40))
}

/// As many of the texts as fit, and how many more there are.
pub(crate) fn fitting(texts: &[String], width: usize) -> String {
    let mut line = String::new();
    for (at, text) in texts.iter().enumerate() {
        let more = format!(" and {} more", grouped(texts.len() - at));
        let separator = if at == 0 { "" } else { ", " };
        if at > 0 && line.width() + separator.len() + text.width() + more.width() > width {
            return line + &more;
        }
        line = line + separator + text;
    }
    line
}

/// The changes, with how many tokens have each: `access: reader → admin: 41`.
async fn changes<'a>(session: &Session, items: impl Iterator<Item = &'a Item>) -> Result<Vec<String>, Failure> {
    let mut changes: [Vec<[String; 2]>; 4] = Default::default();
    for item in items {
        let (Some(before), Some(after)) = (&item.before, &item.after) else { continue };
        let mut states = [json(before), json(after)];
        for ((name, properties), changes) in CHANGING.iter().zip(&mut changes) {
            if properties.iter().all(|name| states[0].get(name) == states[1].get(name)) {
                continue;
            }
            if *name == "access" {
                for state in &mut states {
                    show_keys(session, state).await?;
                }
            }
            changes.push(in_words(name, properties, &states));
        }
    }
    let mut lines = Vec::new();
    for ((name, _), changes) in CHANGING.iter().zip(changes) {
        // All that is the same may be what they become.
        let in_full = counts(changes.iter().map(|[before, after]| format!("{before} → {after}")));
        let becoming = counts(changes.iter().map(|[_, after]| format!("→ {after}")));
        match [in_full, becoming].into_iter().find(|counts| counts.len() <= LISTED) {
            Some(counts) => {
                lines.extend(counts.iter().map(|(text, count)| format!("{name}: {text}: {}", grouped(*count))))
            }
            None => lines.push(format!("{name}: {}", grouped(changes.len()))),
        }
    }
    Ok(lines)
}

fn counts(texts: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    texts.for_each(|text| *counts.entry(text).or_default() += 1);
    counts
}

/// The token before and after a change of these properties: in short, or in full if that looks the same.
fn in_words(name: &str, properties: &[&str], states: &[Value; 2]) -> [String; 2] {
    let short = states.each_ref().map(|token| match (name, &token[name]) {
        ("access", _) => access(token),
        ("expiry", end) => end.as_i64().map_or("never".to_owned(), |end| date(UnixMillis::new(end))),
        (_, Value::Null) => "none".to_owned(),
        (_, text) => format!("`{}`", cut(&plain(text), 40)),
    });
    if short[0] != short[1] {
        return short;
    }
    states.each_ref().map(|token| properties.iter().map(|name| plain(&token[*name])).collect())
}

/// Where people are asked, whatever standard input and standard error are: what is read, and what is written.
const TERMINAL: [&str; 2] = if cfg!(windows) { ["CONIN$", "CONOUT$"] } else { ["/dev/tty", "/dev/tty"] };

/// The terminal to ask on. A job that nobody watches has none, even if it was started from one.
fn terminal() -> Option<(File, File)> {
    let is_watched = io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal();
    let [read, written] = TERMINAL;
    is_watched.then(|| Some((File::open(read).ok()?, File::options().write(true).open(written).ok()?))).flatten()
}

/// Returns an error unless `--yes` was given or the user answers yes. `question` is called only if it is asked.
pub(crate) async fn ask(
    arguments: ConfirmArgs,
    session: &Session,
    question: impl AsyncFnOnce() -> Result<String, Failure>,
) -> Result<(), Failure> {
    if arguments.yes || session.is_dry_run {
        return Ok(());
    }
    let Some((read, mut written)) = terminal() else {
        return Err(Failure::usage("there is no terminal to confirm this on: use --yes"));
    };
    let question = question().await?;
    progress::clear();
    write!(written, "{}: {question} [y/N] ", session.account)
        .map_err(|error| Failure::usage(format!("can't ask on the terminal: {error}; use --yes")))?;
    let reading = move || {
        let mut line = String::new();
        BufReader::new(read).read_line(&mut line).map(|_| line)
    };
    let answer = session.interrupt.blocking(reading).await?.unwrap_or_default();
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::new(Kind::Interrupted, "cancelled: nothing was changed")),
    }
}
