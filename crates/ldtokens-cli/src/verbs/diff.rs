//! `ldtokens diff`: compares two saved inventories.

use std::path::PathBuf;

use clap::Args;
use ldtokens_audit::{Policy, diff};

use crate::arguments::{GlobalArgs, some_path};
use crate::terminal::failure::Failure;
use crate::terminal::output::columns::Columns;
use crate::terminal::output::format::Format;
use crate::terminal::output::printer::record;
use crate::terminal::output::{self, print, write};
use crate::terminal::say;
use crate::terminal::streams::terminal_width;
use crate::verbs::audit::policy;
use crate::verbs::inventory::saved;

/// Compare two saved inventories
#[derive(Args, Debug)]
#[command(long_about = LONG_ABOUT, after_help = EXAMPLES)]
pub(crate) struct DiffArgs {
    /// The older inventory
    #[arg(value_name = "OLD", value_parser = some_path())]
    old: PathBuf,

    /// The newer inventory
    #[arg(value_name = "NEW", value_parser = some_path())]
    new: PathBuf,

    /// The policy that says when a token counts as unused or about to expire
    #[arg(long, value_name = "FILE", value_parser = some_path())]
    policy: Option<PathBuf>,
}

const LONG_ABOUT: &str = "\
Compare two inventories that `ldtokens inventory` saved: tokens that are new or gone, that changed, that may do more than before, \
that were used again after a long time, and that are about to expire. A change of lastUsed alone is none.";

const EXAMPLES: &str = "\
Examples:
  ldtokens diff 2026-10.json 2026-11.json
  ldtokens diff 2026-10.json 2026-11.json -o json";

pub(crate) fn run(global: &GlobalArgs, arguments: &DiffArgs) -> Result<(), Failure> {
    let format = global.format()?;
    let policy = arguments.policy.as_deref().map_or_else(|| Ok(Policy::default()), policy)?;
    let diff = diff(&saved(&arguments.old)?, &saved(&arguments.new)?, &policy).map_err(Failure::usage)?;
    if format == Format::Table || format == Format::Csv {
        diff.notes.iter().for_each(|note| say::warning(note));
    }
    let rows = diff.changes.iter().map(|change| {
        let name = change.token_name.clone().unwrap_or_default();
        [change.kind.to_string(), change.token_id.to_string(), name, change.message.clone()]
    });
    match format {
        Format::Table if diff.changes.is_empty() => print("no changes"),
        Format::Table => {
            let rows = std::iter::once(["CHANGE", "TOKEN", "NAME", "WHAT"].map(str::to_owned)).chain(rows);
            let rows: Vec<Vec<String>> = rows.map(Vec::from).collect();
            let columns = Columns::new(&rows, &[], terminal_width(), &[false, false, true, true]);
            let lines: String = rows.iter().map(|row| columns.line(row) + "\n").collect();
            write(&lines).map(|_| ())
        }
        Format::Csv => {
            let head = ["change", "tokenId", "tokenName", "message"].map(str::to_owned);
            let records = std::iter::once(head).chain(rows).map(|row| record(row.into_iter()));
            write(&records.collect::<String>()).map(|_| ())
        }
        Format::Ndjson => output::value(format, &serde_json::to_value(&diff.changes).expect("it is JSON")),
        Format::Json | Format::Yaml => output::value(format, &serde_json::to_value(&diff).expect("it is JSON")),
        Format::Value => Err(Failure::usage("--output value has no meaning for `ldtokens diff`: use json or csv")),
    }
}
