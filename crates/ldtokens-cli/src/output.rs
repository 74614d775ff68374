//! Answers on standard output, and nothing else there.

pub(crate) mod age;
pub(crate) mod columns;
pub(crate) mod field;
pub(crate) mod format;
pub(crate) mod printer;
pub(crate) mod visible;
pub(crate) mod yaml;

use std::io::{self, IsTerminal, Write};

use ldtokens::UnixMillis;
use serde_json::Value;

use crate::connect::Session;
use crate::discard::{self, Discard};
use crate::failure::Failure;
use crate::output::columns::aligned;
use crate::output::field::Field;
use crate::output::format::Format;
use crate::output::printer::Printer;
use crate::output::visible::pretty_json;
use crate::output::yaml::yaml;
use crate::progress;

/// Of one token, in this order.
const DETAILS: [&str; 14] = [
    "_id",
    "name",
    "description",
    "access",
    "customRoleIds",
    "inlineRole",
    "kind",
    "_member.email",
    "ownerId",
    "defaultApiVersion",
    "creationDate",
    "lastModified",
    "lastUsed",
    "token",
];

/// Said where an operation is asked for one field.
pub(crate) const VALUE_OF_VERBS: &str =
    "--output value is for the verbs, which have --columns: use `ldtokens get` or `ldtokens list`, or another form";

/// Prints the answer to an operation, and gives whether anyone read it: what reads as tokens in the form that is asked for,
/// and all else as JSON.
pub(crate) fn answer(format: Format, answer: &Value) -> Result<bool, Failure> {
    let list = answer.get("items").and_then(Value::as_array);
    match (format, list) {
        (Format::Yaml, _) => write(&yaml(answer)),
        (Format::Value, _) => Err(Failure::usage(VALUE_OF_VERBS)),
        (Format::Table, None) if answer.get("_id").is_some() => write(&format!("{}\n", details(answer))),
        (Format::Json, _) | (Format::Table, None) => write(&(pretty_json(answer) + "\n")),
        (Format::Table | Format::Ndjson | Format::Csv, items) => {
            let mut printer = Printer::plain(format);
            let tokens = items.map_or(std::slice::from_ref(answer), Vec::as_slice);
            for token in tokens {
                printer.token(token)?;
            }
            let is_read = printer.end()?;
            match answer.get("totalCount").filter(|_| format == Format::Table) {
                Some(total) => write(&format!("\n{} of {total}\n", tokens.len())),
                None => Ok(is_read),
            }
        }
    }
}

/// A token, a property a line. A whole secret, as after a create or reset, is shown whole.
pub(crate) fn details(token: &Value) -> String {
    let now = UnixMillis::now();
    let rows = DETAILS.iter().filter_map(|name| {
        let field = Field::new(name).expect("it is one");
        if field.value(token).is_none() && *name != "lastUsed" {
            return None;
        }
        let cell = match token.get("token").and_then(Value::as_str) {
            Some(secret) if *name == "token" && secret.len() > 4 => secret.to_owned(),
            _ => field.long_cell(token, now),
        };
        Some(vec![field.heading().to_ascii_lowercase(), cell])
    });
    aligned(&rows.collect::<Vec<_>>())
}

/// Prints a line. A reader that has had enough is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    write(&format!("{text}\n")).map(|_| ())
}

/// Writes `text`, and gives whether anyone still reads. Standard output may be a full disk.
pub(crate) fn write(text: &str) -> Result<bool, Failure> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        progress::clear();
    }
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::other(format!("can't write to standard output: {error}"))),
    }
}

/// Says that nothing of what is only read arrives. It is no failure, since a program that wants none of it may start this
/// one so.
pub(crate) fn warn_if_closed(session: &Session) {
    if discard::of_stdout() == Some(Discard::Closed) {
        session.note("standard output is closed or discarded: nothing is shown");
    }
}

/// Whether standard output is a terminal that may show colours: not if `NO_COLOR` is set.
pub(crate) fn has_colours() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}
