//! What a user probably meant by words that the parser refuses, in place of its own guesses.

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Commands that end secrets. They are suggested only for a word that is one letter off.
const DESTRUCTIVE: [&str; 8] = ["delete", "rm", "reset", "revoke", "rotate", "update", "deleteToken", "resetToken"];

/// The error with a tip that works.
pub(super) fn improved(mut error: clap::Error, command: &Command, words: &[String]) -> clap::Error {
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = text(&error, ContextKind::InvalidSubcommand).to_lowercase();
            let is_meant =
                |known: &String| !DESTRUCTIVE.contains(&known.as_str()) || strsim::osa_distance(known, &word) <= 1;
            if let Some(ContextValue::Strings(mut known)) = error.remove(ContextKind::SuggestedSubcommand) {
                known.retain(is_meant);
                if !known.is_empty() {
                    error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(known));
                }
            }
        }
        ErrorKind::UnknownArgument => {
            let word = text(&error, ContextKind::InvalidArg);
            let name = words.iter().skip(1).find_map(|word| command.find_subcommand(word)).map(Command::get_name);
            if let Some(tip) = name.and_then(|name| tip(name, &word)) {
                error.remove(ContextKind::SuggestedArg);
                error.remove(ContextKind::Usage);
                error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
            }
        }
        _ => {}
    }
    error
}

fn text(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        _ => String::new(),
    }
}

/// What to type for a word that `command` does not take.
fn tip(command: &str, word: &str) -> Option<String> {
    let shown = if word.contains(char::is_whitespace) { format!("'{word}'") } else { word.to_owned() };
    let tip = match (command, word) {
        (_, "--json") => "`-o json` prints JSON".to_owned(),
        (_, "--format") => "`--output FORMAT` chooses the format, such as `-o json`".to_owned(),
        ("list", "--all" | "-A") => "`ldtokens list --show-all` lists the tokens of all members".to_owned(),
        ("list", "--all-matching") => "`ldtokens list --filter CONDITION` lists the tokens that match".to_owned(),
        ("delete" | "update" | "reset" | "rotate" | "revoke", "--force") => "`--yes` does not ask".to_owned(),
        ("delete" | "update" | "reset" | "rotate", "--unused-for" | "--last-used-before" | "--older-than") => {
            format!("`ldtokens list -a -q {word} ... | ldtokens {command} -` takes all tokens that are listed")
        }
        ("delete" | "update" | "reset" | "rotate", "--all" | "-a" | "--show-all" | "--filter" | "-f") => {
            format!("`ldtokens {command} --all-matching CONDITION` takes all tokens that match, e.g. 'name~test-'")
        }
        (_, word) if word.starts_with('-') => return None,
        ("verify", _) => format!("to check the secret in a file: `ldtokens verify --secret-from {shown}`"),
        ("revoke", _) => format!("to revoke the secrets in a file: `ldtokens revoke --scan {shown}`"),
        ("create", _) => format!("to name the token: `ldtokens create --name {shown}`"),
        ("list", _) => format!("to show one token: `ldtokens get {shown}`; to search: `ldtokens list -f name~{shown}`"),
        _ => return None,
    };
    Some(tip)
}
