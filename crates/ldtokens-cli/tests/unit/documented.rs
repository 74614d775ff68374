//! The commands that the README and the pages show, read by the parser that reads a user's.

use std::fs;
use std::path::Path;

use clap::error::ErrorKind;

use super::command;

/// The README and each page of `docs/`: its name and its text.
fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let docs = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let paths = docs.chain([root.join("README.md")]);
    paths
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The lines of a page's shell blocks, with continued lines joined.
fn shell_lines(page: &str) -> String {
    let mut lines = String::new();
    let mut is_shell = None;
    for line in page.lines() {
        match (line.trim().strip_prefix("```"), is_shell) {
            (Some(language), None) => is_shell = Some(matches!(language, "console" | "sh")),
            (Some(_), Some(_)) => is_shell = None,
            (None, Some(true)) => {
                lines += line;
                lines += "\n";
            }
            (None, _) => {}
        }
    }
    lines.replace("\\\n", " ")
}

/// The commands of a shell script, as words. Substitutions are read as commands of their own.
fn simple_commands(script: &str) -> Vec<Vec<String>> {
    let script = script.replace("\"$(", ";").replace(")\"", ";");
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut is_comment = false;
    for letter in script.chars() {
        match (quote, letter) {
            _ if is_comment && letter != '\n' => {}
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                word.get_or_insert_default();
                quote = Some(letter);
            }
            (None, '#') if word.is_none() => is_comment = true,
            (None, ' ' | '\n' | '|' | '&' | ';' | '(' | ')') => {
                commands.last_mut().unwrap().extend(word.take());
                if letter != ' ' {
                    is_comment = false;
                    commands.push(Vec::new());
                }
            }
            (None, _) => word.get_or_insert_default().push(letter),
        }
    }
    commands.last_mut().unwrap().extend(word);
    commands
}

/// The words from `ldtokens` on, if that is the program. `cargo run --` stands for it.
fn of_ldtokens(command: &[String]) -> Option<Vec<String>> {
    let starts_program =
        |word: &&String| !word.contains('=') && !["if", "then", "do", "!", "exec"].contains(&word.as_str());
    let start = command.iter().position(|word| starts_program(&word))?;
    let arguments = match &command[start..] {
        [program, rest @ ..] if program == "ldtokens" => rest,
        [cargo, run, dashes, rest @ ..] if cargo == "cargo" && run == "run" && dashes == "--" => rest,
        _ => return None,
    };
    Some([&["ldtokens".to_owned()], arguments].concat())
}

/// What the parser says against the words, except that help was asked for.
fn error(words: &[String]) -> Option<clap::Error> {
    let error = command().try_get_matches_from(words).err()?;
    (!matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)).then_some(error)
}

/// Our choice: what the documentation shows can be typed.
#[test]
fn each_command_of_the_documentation_is_one_that_the_parser_takes() {
    let mut count = 0;
    for (name, page) in pages() {
        for words in simple_commands(&shell_lines(&page)).iter().filter_map(|command| of_ldtokens(command)) {
            count += 1;
            if let Some(error) = error(&words) {
                panic!("{name}: {}\n{error}", words.join(" "));
            }
        }
    }
    assert!(count > 40, "{count} commands were found");
}

/// The same for commands in the text, which may leave out what is required.
#[test]
fn each_command_named_in_the_text_of_the_documentation_exists() {
    let mut count = 0;
    for (name, page) in pages() {
        // What is added there is an operation that does not exist yet.
        for part in page.split("`ldtokens ").skip(1).filter(|_| name != "changing-the-api.md") {
            let text =
                part.split('`').next().unwrap().replace("\\|", "|").replace("COMMAND", "list").replace("SHELL", "bash");
            let words = of_ldtokens(&simple_commands(&format!("ldtokens {text}"))[0]).unwrap();
            count += 1;
            if let Some(error) = error(&words).filter(|error| error.kind() != ErrorKind::MissingRequiredArgument) {
                panic!("{name}: {}\n{error}", words.join(" "));
            }
        }
    }
    assert!(count > 10, "{count} commands were found");
}

#[test]
fn a_command_that_does_not_exist_is_found_in_a_script() {
    let script =
        "X=1 cargo run -- list --nope # ldtokens a\nread -rs X && ldtokens get 'a b' -o value | ldtokens frob -";
    let found: Vec<_> = simple_commands(script).iter().filter_map(|command| of_ldtokens(command)).collect();
    assert_eq!(
        found,
        [&["ldtokens", "list", "--nope"][..], &["ldtokens", "get", "a b", "-o", "value"], &["ldtokens", "frob", "-"]]
    );
    let refused: Vec<bool> = found.iter().map(|words| error(words).is_some()).collect();
    assert_eq!(refused, [true, false, true]);
}
