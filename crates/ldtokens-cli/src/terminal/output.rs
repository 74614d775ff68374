//! Standard output, which has only data.

pub(crate) mod field;
pub(crate) mod format;
pub(crate) mod printer;
pub(crate) mod yaml;

use std::io::{self, IsTerminal, Write};

use ldtokens::UnixMillis;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::moment::date;
use crate::terminal::columns::aligned;
use crate::terminal::failure::Failure;
use crate::terminal::output::field::{EXPIRY, Field, plain, spaced};
use crate::terminal::output::format::Format;
use crate::terminal::output::printer::{PrintArgs, Printer, record};
use crate::terminal::output::yaml::yaml;
use crate::terminal::progress;
use crate::terminal::visible::{self, pretty_json};

/// The heading of the options about output.
pub(crate) const OUTPUT: &str = "Output";

/// Options of all commands are listed after a command's own, in one order everywhere.
pub(crate) const LAST: usize = 1000;

/// The fields that are shown for one token, as `--columns` takes them.
const DETAILS: &str = "_id,name,description,access,customRoleIds,inlineRole,kind,_member.email,ownerId,defaultApiVersion,expiry,\
    creationDate,lastModified,lastUsed,token";

/// A value that is not a token as JSON, YAML or CSV. NDJSON and CSV have one line per item of an array.
pub(crate) fn text(format: Format, value: &impl Serialize) -> String {
    let value = &serde_json::to_value(value).expect("it is JSON");
    match (format, value) {
        (Format::Yaml, _) => yaml(value),
        (Format::Csv, _) => csv(value),
        (Format::Ndjson, Value::Array(items)) => items.iter().map(|item| visible::json(item) + "\n").collect(),
        (Format::Ndjson, _) => visible::json(value) + "\n",
        _ => pretty_json(value) + "\n",
    }
}

pub(crate) fn value(format: Format, value: &impl Serialize) -> Result<(), Failure> {
    write(&text(format, value)).map(|_| ())
}

/// Prints rows: their cells as a table below the `head`, which may be empty, or their objects in another format.
pub(crate) fn rows(format: Format, head: &[&str], rows: Vec<(Vec<String>, Value)>) -> Result<(), Failure> {
    if format != Format::Table {
        return value(format, &rows.into_iter().map(|(_, object)| object).collect::<Value>());
    }
    let head = (!head.is_empty()).then(|| head.iter().map(ToString::to_string).collect());
    print(&aligned(&head.into_iter().chain(rows.into_iter().map(|(cells, _)| cells)).collect::<Vec<_>>()))
}

/// Objects as CSV. Parts have names such as `member_email`.
fn csv(value: &Value) -> String {
    fn flatten(value: &Value, name: &str, row: &mut Map<String, Value>) {
        match value {
            Value::Object(parts) if !parts.is_empty() => parts.iter().for_each(|(part, value)| {
                let name = match name.trim_start_matches('_') {
                    "" => part.clone(),
                    name => format!("{name}_{}", part.trim_start_matches('_')),
                };
                flatten(value, &name, row);
            }),
            value => {
                row.insert(name.to_owned(), plain(value).into());
            }
        }
    }
    let objects = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let mut rows = vec![Map::new(); objects.len()];
    for (object, row) in objects.iter().zip(&mut rows) {
        flatten(object, "", row);
    }
    // Each name once, in the order in which they come first.
    let names: Map<String, Value> =
        rows.iter().flatten().map(|(name, _)| (name.clone(), name.as_str().into())).collect();
    if names.is_empty() {
        return String::new();
    }
    let line = |row: &Map<String, Value>| record(names.keys().map(|name| row.get(name).map(plain).unwrap_or_default()));
    std::iter::once(&names).chain(&rows).map(line).collect()
}

/// Prints the response to an operation, and returns whether the reader is still there. What is not tokens is JSON.
pub(crate) fn response(format: Format, response: &Value) -> Result<bool, Failure> {
    let list = response.get("items").and_then(Value::as_array);
    match (format, list) {
        (Format::Yaml, _) => write(&yaml(response)),
        (Format::Table, None) if response.get("_id").is_some() => write(&format!("{}\n", details(response))),
        (Format::Json, _) | (Format::Table, None) => write(&(pretty_json(response) + "\n")),
        (_, items) => {
            let mut printer = Printer::new(format, &PrintArgs::default())?;
            let tokens = items.map_or(std::slice::from_ref(response), Vec::as_slice);
            for token in tokens {
                printer.token(token)?;
            }
            let is_read = printer.finish()?;
            match response.get("totalCount").filter(|_| format == Format::Table) {
                Some(total) => write(&format!("\n{} of {total}\n", tokens.len())),
                None => Ok(is_read),
            }
        }
    }
}

/// A token, one property per line. A full secret, as after a create or reset, is shown in full.
pub(crate) fn details(token: &Value) -> String {
    let now = UnixMillis::now();
    let fields = Field::list(DETAILS).expect("they are fields");
    let rows = fields.iter().filter_map(|field| {
        let value = field.value(token);
        if value.is_none() && !["lastUsed", EXPIRY].contains(&field.name()) {
            return None;
        }
        let cell = match value {
            Some(Value::String(secret)) if field.is_secret() && secret.len() > 4 => secret,
            _ => field.long_cell(token, now),
        };
        Some(vec![field.heading().to_ascii_lowercase(), cell])
    });
    let others = token.as_object().into_iter().flatten().filter(|(name, _)| Field::new(name).is_err());
    let others = others.filter_map(|(name, value)| Some(vec![spaced(name), unknown_cell(name, value)?]));
    aligned(&rows.chain(others).collect::<Vec<_>>())
}

/// The value of a property that the API's document does not name (fact 14), if it is not an array or object.
fn unknown_cell(name: &str, value: &Value) -> Option<String> {
    // A smaller number is not a time in milliseconds: that would be before the year 2000.
    const EARLIEST: i64 = 946_684_800_000;
    let is_named_like_a_time = ["xpir", "Date", "Time", "At"].iter().any(|part| name.contains(part));
    let time = value.as_i64().filter(|time| is_named_like_a_time && *time >= EARLIEST);
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        value => Some(time.map_or_else(|| plain(value), |time| date(UnixMillis::new(time)))),
    }
}

/// Prints a line. It is not an error if the reader has closed the pipe.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    write(&format!("{text}\n")).map(|_| ())
}

/// Prints a line whose styles only a terminal gets.
pub(crate) fn print_styled(text: &str) -> Result<(), Failure> {
    if has_colours() { print(text) } else { print(&anstream::adapter::strip_str(text).to_string()) }
}

/// Writes `text`, and returns whether the reader is still there.
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

/// Whether standard output gets colors: only a terminal does, and not if `NO_COLOR` is set.
pub(crate) fn has_colours() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::details;

    #[test]
    fn unknown_properties_are_shown_and_times_as_dates() {
        let token = json!({"_id": "a", "expiryDate": 1_900_000_000_000_i64, "uses": 3, "_access": {"x": 1}, "note": "\u{202e}"});
        let shown = details(&token);
        let rows: Vec<Vec<&str>> = shown.lines().map(|line| line.splitn(2, "  ").map(str::trim).collect()).collect();
        for row in [["expiry date", "2030-03-17T17:46:40Z"], ["uses", "3"], ["note", "\\u{202e}"]] {
            assert!(rows.contains(&row.to_vec()), "{row:?} in {shown}");
        }
        assert!(!shown.contains("access  {"), "{shown}");
    }
}
