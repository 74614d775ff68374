//! Prints tokens on standard output, each as soon as it arrives.

use std::borrow::Cow;
use std::io::IsTerminal;

use anstyle::Style;
use clap::Args;
use ldtokens::UnixMillis;
use serde_json::{Map, Value};

use crate::terminal::columns::Columns;
use crate::terminal::failure::Failure;
use crate::terminal::output::field::{EXPIRY, Field, NEVER, plain};
use crate::terminal::output::format::Format;
use crate::terminal::output::yaml::yaml;
use crate::terminal::output::{LAST, OUTPUT, details, has_colours, write};
use crate::terminal::say;
use crate::terminal::streams::terminal_width;
use crate::terminal::visible::{self, visible};

/// On a terminal, the widths of a table's columns depend on this number of rows, elsewhere on all.
const MEASURED_ROWS: usize = 25;

const HEAD: Style = Style::new().bold();

/// The options of commands that print tokens.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct PrintArgs {
    /// Print only these fields, comma-separated, e.g. _id,name,_member.email
    #[arg(long, value_name = "FIELDS", value_parser = Field::list, help_heading = OUTPUT, display_order = LAST + 1)]
    pub(crate) columns: Option<Fields>,

    /// How to write times: 2026-01-31T12:00:00Z, or milliseconds since 1970 [default: iso in CSV, ages in tables, unix otherwise]
    #[arg(long, value_name = "FORM", value_parser = ["iso", "unix"], help_heading = OUTPUT, display_order = LAST + 1)]
    pub(crate) times: Option<String>,

    /// In CSV, put an apostrophe before what a spreadsheet would run as a formula
    #[arg(long, help_heading = OUTPUT, display_order = LAST + 2)]
    pub(crate) csv_safe: bool,

    /// Print tables and CSV without the header line
    #[arg(long, help_heading = OUTPUT, display_order = LAST + 2)]
    pub(crate) no_headers: bool,

    /// Print only IDs, one per line
    #[arg(long, short, help_heading = OUTPUT, display_order = LAST + 3)]
    pub(crate) quiet: bool,
}

pub(crate) type Fields = Vec<Field>;

/// What is printed for a token.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Layout {
    Nothing,
    Ids,
    /// A line for each field.
    Details,
    Format(Format),
    /// JSON on standard error, at the end.
    Aside,
}

/// Prints tokens one after the other.
pub(crate) struct Printer {
    layout: Layout,
    /// Whether JSON and YAML are one object, and not a list.
    is_single: bool,
    arguments: PrintArgs,
    fields: Vec<Field>,
    has_iso_times: bool,
    is_empty: bool,
    now: UnixMillis,
    /// The rows of a table that are held back until the widths are known.
    waiting: Vec<Vec<String>>,
    /// The widths of a table's columns, once they are known.
    columns: Option<Columns>,
    aside: Vec<Value>,
}

impl Printer {
    /// A printer for `--output`, `--columns`, `--no-headers` and `--quiet`.
    pub(crate) fn new(format: Format, arguments: &PrintArgs) -> Result<Self, Failure> {
        let PrintArgs { columns, times, csv_safe, quiet, .. } = arguments;
        if format == Format::Value && !quiet && columns.as_ref().is_none_or(|fields| fields.len() != 1) {
            return Err(Failure::usage(
                "--output value prints one field: name it, e.g. --columns _id; for several fields use csv",
            ));
        }
        if *csv_safe && (format != Format::Csv || *quiet) {
            return Err(Failure::usage("--csv-safe is for --output csv"));
        }
        Ok(Self {
            fields: match (columns, format) {
                (None, Format::Table) => Field::in_tables(false),
                (None, _) => Field::in_csv(),
                (Some(fields), Format::Csv) => fields.iter().flat_map(Field::flattened).collect(),
                (Some(fields), _) => fields.clone(),
            },
            has_iso_times: times.as_ref().map_or(format == Format::Csv, |times| times == "iso"),
            layout: if *quiet { Layout::Ids } else { Layout::Format(format) },
            is_single: false,
            arguments: arguments.clone(),
            is_empty: true,
            now: UnixMillis::now(),
            waiting: Vec::new(),
            columns: None,
            aside: Vec::new(),
        })
    }

    /// A printer of all members' tokens, if `is_wide`: a table then says whose they are.
    pub(crate) fn wide(mut self, is_wide: bool) -> Self {
        if self.layout == Layout::Format(Format::Table) && self.arguments.columns.is_none() {
            self.fields = Field::in_tables(is_wide);
        }
        self
    }

    /// Prints nothing.
    pub(crate) fn silent() -> Self {
        let printer = Self::new(Format::Json, &PrintArgs::default()).expect("it prints JSON");
        Self { layout: Layout::Nothing, ..printer }
    }

    /// Prints one token and not a list, if it `is_single`, and fields in lines in place of a table, if it `has_details`.
    pub(crate) fn of_one(self, is_single: bool, has_details: bool) -> Self {
        let layout = match self.layout {
            Layout::Format(Format::Table) if has_details && self.arguments.columns.is_none() => Layout::Details,
            layout => layout,
        };
        Self { layout, is_single, ..self }
    }

    /// If it `is_aside`, leaves standard output to something else. What is for programs is printed on standard error at the end, as JSON.
    pub(crate) fn aside(self, is_aside: bool) -> Self {
        let layout = match self.layout {
            layout if !is_aside => layout,
            Layout::Format(format) if format != Format::Table => Layout::Aside,
            _ => Layout::Nothing,
        };
        Self { layout, ..self }
    }

    /// Whether it prints for people and not for programs.
    pub(crate) fn is_for_people(&self) -> bool {
        matches!(self.layout, Layout::Details | Layout::Format(Format::Table))
    }

    /// Prints `token`, and returns whether the reader is still there.
    pub(crate) fn token(&mut self, token: &Value) -> Result<bool, Failure> {
        let is_first = std::mem::take(&mut self.is_empty);
        let printed = |field: &Field| field.printed(token, self.has_iso_times).as_ref().map(plain).unwrap_or_default();
        let text = match self.layout {
            Layout::Nothing => return Ok(true),
            Layout::Ids => escaped_on_terminal(plain(&token["_id"])) + "\n",
            Layout::Details => format!("{}{}\n", if is_first { "" } else { "\n" }, details(token)),
            Layout::Format(Format::Table) => {
                let has_ages = self.arguments.times.is_none();
                let row = self.fields.iter().map(|field| match field.value(token) {
                    Some(_) if field.is_time() && !has_ages => printed(field),
                    _ => field.cell(token, self.now),
                });
                let row: Vec<String> = row.collect();
                let Some(columns) = &self.columns else {
                    self.waiting.push(row);
                    let is_measured = self.waiting.len() >= MEASURED_ROWS && terminal_width().is_some();
                    return if is_measured { self.measured(true) } else { Ok(true) };
                };
                columns.line(&row) + "\n"
            }
            Layout::Format(Format::Value) => {
                // A line break in a name would make two values of it.
                escaped_on_terminal(printed(&self.fields[0]).replace('\n', "\\n").replace('\r', "\\r")) + "\n"
            }
            Layout::Format(Format::Json) if self.is_single => visible::pretty_json(&self.chosen(token)) + "\n",
            Layout::Format(Format::Json) => {
                let json = visible::pretty_json(&self.chosen(token)).replace('\n', "\n  ");
                format!("{}  {json}", if is_first { "[\n" } else { ",\n" })
            }
            Layout::Format(Format::Ndjson) => visible::json(&self.chosen(token)) + "\n",
            Layout::Format(Format::Yaml) if self.is_single => yaml(&self.chosen(token)),
            Layout::Format(Format::Yaml) => yaml(&[self.chosen(token)]),
            Layout::Format(_) => {
                let head = if is_first { self.csv_head() } else { String::new() };
                let cells = self.fields.iter().map(|field| escaped_on_terminal(printed(field)));
                let cells = cells.map(|cell| match self.arguments.csv_safe && is_formula(&cell) {
                    true => format!("'{cell}"),
                    false => cell,
                });
                head + &record(cells)
            }
            Layout::Aside => {
                self.aside.push(self.chosen(token).into_owned());
                return Ok(true);
            }
        };
        write(&text)
    }

    /// Prints what follows the last token, and returns whether the reader is still there.
    pub(crate) fn finish(mut self) -> Result<bool, Failure> {
        let format = match self.layout {
            Layout::Format(format) => format,
            Layout::Aside => {
                match self.is_single {
                    true => self.aside.iter().for_each(say::json),
                    false => say::json(&self.aside.into()),
                }
                return Ok(true);
            }
            _ => return Ok(true),
        };
        match (format, self.is_empty) {
            (Format::Json | Format::Yaml, true) if !self.is_single => write("[]\n"),
            (Format::Json, false) if !self.is_single => write("\n]\n"),
            (Format::Csv, true) => write(&self.csv_head()),
            (Format::Table, _) if self.columns.is_none() => self.measured(false),
            _ => Ok(true),
        }
    }

    /// Sets the widths, and prints the rows that were held back.
    fn measured(&mut self, has_more: bool) -> Result<bool, Failure> {
        let mut rows = std::mem::take(&mut self.waiting);
        let is_chosen = self.arguments.columns.is_some();
        // Only for those who let tokens expire. Later rows may have a date.
        let expiry = self.fields.iter().position(|field| field.name() == EXPIRY);
        if let Some(at) = expiry.filter(|at| !is_chosen && !has_more && rows.iter().all(|row| row[*at] == NEVER)) {
            self.fields.remove(at);
            rows.iter_mut().for_each(|row| drop(row.remove(at)));
        }
        let head: Vec<String> = self.fields.iter().map(Field::heading).collect();
        let may_shrink: Vec<bool> = self.fields.iter().map(Field::is_shortened).collect();
        let minimum = |field: &Field| if has_more { field.usual_width() } else { 0 };
        let usual: Vec<usize> = self.fields.iter().map(minimum).collect();
        let mut all: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
        let room = terminal_width();
        let mut columns = Columns::new(&all, &usual, room, &may_shrink);
        // Chosen fields are all shown. Of the default ones, the last are omitted if there is too little room.
        while !is_chosen && self.fields.len() > 1 && room.is_some_and(|room| columns.width() > room) {
            self.fields.pop();
            all.iter_mut().for_each(|row| row.truncate(self.fields.len()));
            columns = Columns::new(&all, &usual, room, &may_shrink);
        }
        let text_field = self.fields.iter().position(|field| field.is_shortened() && field.usual_width() == 0);
        if let (true, Some(room), Some(at)) = (has_more, room, text_field) {
            columns.widen(at, room);
        }
        let mut lines: Vec<String> = all.iter().map(|row| columns.line(row) + "\n").collect();
        if has_colours() {
            lines[0] = format!("{HEAD}{}{HEAD:#}\n", lines[0].trim_end());
        }
        self.columns = Some(columns);
        write(&lines[usize::from(self.arguments.no_headers)..].concat())
    }

    /// The token, or only its chosen fields.
    fn chosen<'a>(&self, token: &'a Value) -> Cow<'a, Value> {
        let fields = self.fields.iter().map(|field| (field, field.printed(token, self.has_iso_times)));
        if self.arguments.columns.is_some() {
            let fields = fields.map(|(field, value)| (field.name().to_owned(), value.unwrap_or_default()));
            return Cow::Owned(fields.collect::<Map<_, _>>().into());
        }
        let mut chosen = Cow::Borrowed(token);
        for (field, value) in fields.filter(|(field, _)| self.has_iso_times && field.is_time()) {
            if let Some(time) = value {
                chosen.to_mut()[field.name()] = time;
            }
        }
        chosen
    }

    fn csv_head(&self) -> String {
        if self.arguments.no_headers { String::new() } else { record(self.fields.iter().map(Field::csv_name)) }
    }
}

/// Whether a spreadsheet would run the cell as a formula. A number is none.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err()
}

/// The text, on a terminal with invisible characters escaped.
fn escaped_on_terminal(text: String) -> String {
    if std::io::stdout().is_terminal() { visible(&text) } else { text }
}

/// The cells as a line of CSV (RFC 4180).
pub(crate) fn record(cells: impl Iterator<Item = String>) -> String {
    let quoted = |cell: String| match cell.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    };
    match cells.map(quoted).collect::<Vec<_>>().join(",") {
        // An empty line would be no record.
        line if line.is_empty() => "\"\"\n".to_owned(),
        line => line + "\n",
    }
}
