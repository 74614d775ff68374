//! Commands for people, which share all that reaches the API with the operations.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod issue;
pub(crate) mod list;
pub(crate) mod reset;
pub(crate) mod rotate;
pub(crate) mod update;

use clap::{ArgMatches, Command};
use ldtokens::Token;
use serde_json::Value;

use crate::failure::Failure;
use crate::output::format::Format;
use crate::output::printer::Printer;
use crate::output::{details, write};

/// All verbs, in the order in which help lists them.
pub(crate) fn commands() -> [Command; 7] {
    [
        list::command(),
        get::command(),
        create::command(),
        update::command(),
        reset::command(),
        rotate::command(),
        delete::command(),
    ]
}

/// Runs the verb of that name, if there is one.
pub(crate) async fn run(name: &str, arguments: &ArgMatches) -> Option<Result<(), Failure>> {
    Some(match name {
        "list" => list::run(arguments).await,
        "get" => get::run(arguments).await,
        "create" => create::run(arguments).await,
        "update" => update::run(arguments).await,
        "reset" => reset::run(arguments).await,
        "rotate" => rotate::run(arguments).await,
        "delete" => delete::run(arguments).await,
        _ => return None,
    })
}

/// A token as the API writes it.
pub(crate) fn json(token: &Token) -> Value {
    serde_json::to_value(token).expect("a token is JSON")
}

/// How a verb about one token or several prints each.
pub(crate) enum Printing {
    /// In a table's form one token is shown whole.
    Details {
        is_first: bool,
    },
    Rows(Printer),
}

impl Printing {
    fn new(arguments: &ArgMatches) -> Result<Self, Failure> {
        let is_table = Format::asked(arguments)? == Format::Table;
        let is_whole = is_table && !arguments.get_flag("quiet") && !arguments.contains_id("columns");
        Ok(if is_whole { Self::Details { is_first: true } } else { Self::Rows(Printer::new(arguments)?) })
    }

    /// Prints a token, and gives whether anyone still reads.
    fn token(&mut self, token: &Value) -> Result<bool, Failure> {
        match self {
            Self::Rows(printer) => printer.token(token),
            Self::Details { is_first } => {
                let before = if std::mem::take(is_first) { "" } else { "\n" };
                write(&format!("{before}{}\n", details(token)))
            }
        }
    }

    fn end(self) -> Result<(), Failure> {
        match self {
            Self::Rows(printer) => printer.end().map(|_| ()),
            Self::Details { .. } => Ok(()),
        }
    }
}
