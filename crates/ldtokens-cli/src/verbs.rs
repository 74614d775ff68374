//! Commands for people, which share all that reaches the API with the operations.

pub(crate) mod ask;
pub(crate) mod batch;
pub(crate) mod config;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod deliver;
pub(crate) mod demo;
pub(crate) mod discard;
pub(crate) mod filter;
pub(crate) mod get;
pub(crate) mod issue;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod moment;
pub(crate) mod order;
pub(crate) mod own;
pub(crate) mod permissions;
pub(crate) mod reset;
pub(crate) mod revoke;
pub(crate) mod rotate;
mod secrets_given;
pub(crate) mod serve;
pub(crate) mod targets;
pub(crate) mod update;
pub(crate) mod verify;
pub(crate) mod whoami;

use clap::{ArgMatches, Command};
use ldtokens::Token;
use serde_json::Value;

use crate::terminal::failure::Failure;
use crate::terminal::output::format::Format;
use crate::terminal::output::printer::Printer;
use crate::terminal::output::{details, write};

/// All verbs, in the order in which help lists them.
pub(crate) fn commands() -> [Command; 10] {
    [
        list::command(),
        get::command(),
        create::command(),
        update::command(),
        reset::command(),
        rotate::command(),
        delete::command(),
        revoke::command(),
        verify::command(),
        whoami::command(),
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
        "revoke" => revoke::run(arguments).await,
        "verify" => verify::run(arguments).await,
        "whoami" => whoami::run(arguments).await,
        _ => return None,
    })
}

/// Whether the arguments name one token. How many standard input names is not known yet.
fn names_one(arguments: &ArgMatches) -> bool {
    let mut words = arguments.get_many::<String>("tokens").into_iter().flatten();
    words.next().is_some_and(|word| word != "-") && words.next().is_none()
}

/// A token as the API writes it.
pub(crate) fn json(token: &Token) -> Value {
    serde_json::to_value(token).expect("a token is JSON")
}

/// How a verb about one token or several prints each.
pub(crate) enum Printing {
    /// A dry run prints commands, and nothing that a shell would take for one.
    Nothing,
    /// Where a table is asked for, one token is shown whole.
    Details {
        is_first: bool,
    },
    Rows(Printer),
}

impl Printing {
    /// For the tokens that the arguments name.
    fn new(arguments: &ArgMatches) -> Result<Self, Failure> {
        Self::with(arguments, names_one(arguments), names_one(arguments))
    }

    /// For the tokens that the arguments name, where each comes with a secret that a table would cut short.
    fn with_secrets(arguments: &ArgMatches, is_printed: bool) -> Result<Self, Failure> {
        Self::with(arguments, names_one(arguments), is_printed || names_one(arguments))
    }

    /// For a token that is made.
    fn for_new(arguments: &ArgMatches) -> Result<Self, Failure> {
        Self::with(arguments, true, true)
    }

    fn with(arguments: &ArgMatches, is_single: bool, has_details: bool) -> Result<Self, Failure> {
        if arguments.get_flag("dry-run") {
            return Ok(Self::Nothing);
        }
        let is_table = Format::asked(arguments)? == Format::Table;
        if is_table && has_details && !arguments.get_flag("quiet") && !arguments.contains_id("columns") {
            return Ok(Self::Details { is_first: true });
        }
        let printer = Printer::new(arguments)?;
        Ok(Self::Rows(if is_single { printer.single() } else { printer }))
    }

    /// Prints a token, and gives whether anyone still reads.
    fn token(&mut self, token: &Value) -> Result<bool, Failure> {
        match self {
            Self::Nothing => Ok(true),
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
            Self::Nothing | Self::Details { .. } => Ok(()),
        }
    }
}
