//! Man pages, generated from the definition of the command.

use std::fs;
use std::io;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

/// The page of the program, or of the command with this name.
pub(super) fn page(command: Command, name: &str) -> Option<io::Result<Vec<u8>>> {
    let command = built(command);
    let command = if name == command.get_name() { &command } else { command.find_subcommand(name)? };
    let mut page = Vec::new();
    Some(render(command.clone(), &mut page).map(|_| page))
}

/// Writes a page for `ldtokens` and one for each of its commands.
pub(super) fn write(command: Command, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let command = built(command);
    for command in command.get_subcommands().chain([&command]).cloned() {
        let mut page = Vec::new();
        let name = render(command, &mut page)?;
        fs::write(folder.join(name), page)?;
    }
    Ok(())
}

fn built(command: Command) -> Command {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    command
}

/// Writes the page, and returns the name for its file.
fn render(command: Command, page: &mut Vec<u8>) -> io::Result<String> {
    let more = command.get_after_long_help().or_else(|| command.get_after_help()).map(ToString::to_string);
    let has_commands = command.has_subcommands();
    let man = Man::new(command).source(concat!("ldtokens ", env!("CARGO_PKG_VERSION"))).manual("ldtokens");
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    if has_commands {
        man.render_subcommands_section(page)?;
    }
    if let Some(more) = more {
        rest(&more).to_writer(page)?;
    }
    Ok(man.get_filename())
}

/// The part of the help after the flags: text, and lists with a title. Items are indented, and their explanations more.
fn rest(help: &str) -> Roff {
    let mut roff = Roff::default();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = help.lines().peekable();
    let mut has_section = false;
    let mut is_in_list = false;
    while let Some(line) = lines.next() {
        let next = lines.peek().map_or(0, |next| indent(next));
        let is_title = indent(line) == 0 && next > 0 && line.ends_with(':');
        if is_title {
            roff.control("SH", [line.trim_end_matches(':').to_uppercase().as_str()]);
        } else if line.is_empty() || (is_in_list && indent(line) == 0) {
            roff.control("PP", []);
        } else if !has_section {
            roff.control("SH", ["NOTES"]);
        }
        match indent(line) {
            _ if is_title || line.is_empty() => &mut roff,
            2 if next > 2 => roff.control("TP", []).text([bold(line.trim())]),
            0 => roff.text([roman(line)]),
            // A command to paste, so it is not wrapped.
            2 => roff.control("nf", []).text([roman(line)]).control("fi", []),
            _ => roff.text([roman(line.trim())]),
        };
        has_section = true;
        is_in_list = indent(line) > 2;
    }
    roff
}
