//! Man pages, generated from the definition of the command.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

pub(super) struct Page {
    pub(super) command: String,
    /// The name for its file.
    pub(super) file: String,
    pub(super) text: Vec<u8>,
}

/// The page of the program and those of its commands.
pub(super) fn pages(command: Command) -> Vec<Page> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let pages = std::iter::once(&command).chain(command.get_subcommands()).map(page);
    pages.collect::<io::Result<_>>().expect("a vector takes all")
}

fn page(command: &Command) -> io::Result<Page> {
    let more = command.get_after_long_help().or_else(|| command.get_after_help()).map(ToString::to_string);
    let man = Man::new(command.clone()).source(concat!("ldtokens ", env!("CARGO_PKG_VERSION"))).manual("ldtokens");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    if let Some(more) = more {
        rest(&more).to_writer(&mut text)?;
    }
    Ok(Page { command: command.get_name().to_owned(), file: man.get_filename(), text })
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
