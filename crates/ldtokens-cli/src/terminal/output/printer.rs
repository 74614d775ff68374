//! Prints tokens on standard output, each as soon as it arrives.

use std::borrow::Cow;
use std::io::IsTerminal;

use anstyle::Style;
use clap::Args;
use ldtokens::UnixMillis;
use serde_json::{Map, Value};

use crate::arguments::{LAST, OUTPUT};
use crate::terminal::failure::Failure;
use crate::terminal::output::columns::Columns;
use crate::terminal::output::field::{Field, plain};
use crate::terminal::output::format::{Format, terminal_width};
use crate::terminal::output::visible::{self, visible};
use crate::terminal::output::yaml::yaml;
use crate::terminal::output::{has_colours, write};

/// On a terminal, the widths of a table's columns depend on this number of rows. Elsewhere they depend on all rows, since
/// nothing is cut.
const MEASURED_ROWS: usize = 25;

const HEAD: Style = Style::new().bold();

/// The options of commands that print tokens.
#[derive(Args, Clone, Debug)]
pub(crate) struct PrintArgs {
    /// Print only these fields, comma-separated, e.g. _id,name,_member.email
    #[arg(long, value_name = "FIELDS", value_parser = Field::list, help_heading = OUTPUT, display_order = LAST + 1)]
    pub(crate) columns: Option<Fields>,

    /// Print tables and CSV without the header line
    #[arg(long, help_heading = OUTPUT, display_order = LAST + 2)]
    pub(crate) no_headers: bool,

    /// Print only IDs, one per line
    #[arg(long, short, help_heading = OUTPUT, display_order = LAST + 3)]
    pub(crate) quiet: bool,
}

/// The fields of one `--columns`.
pub(crate) type Fields = Vec<Field>;

/// Prints tokens one after the other.
pub(crate) struct Printer {
    form: Form,
    fields: Vec<Field>,
    /// Whether the user chose the fields.
    chosen: bool,
    has_head: bool,
    /// Whether to print one object and not a list.
    is_single: bool,
    printed: u64,
    now: UnixMillis,
}

enum Form {
    Ids,
    Value,
    Json,
    Ndjson,
    Yaml,
    Csv,
    Table(Table),
}

/// The rows that are held back until the widths are known, or the widths.
enum Table {
    Measuring(Vec<Vec<String>>),
    Measured(Columns),
}

impl Printer {
    /// A printer for `--output`, `--columns`, `--no-headers` and `--quiet`.
    pub(crate) fn new(format: Format, arguments: &PrintArgs) -> Result<Self, Failure> {
        let form = if arguments.quiet { Form::Ids } else { Form::of(format) };
        let chosen = arguments.columns.clone();
        if matches!(form, Form::Value) && chosen.as_ref().is_none_or(|fields| fields.len() != 1) {
            return Err(Failure::usage(
                "--output value prints one field: name it, e.g. --columns _id; for several fields use csv",
            ));
        }
        Ok(Self { has_head: !arguments.no_headers, ..Self::with(form, chosen) })
    }

    /// A printer of all fields.
    pub(crate) fn plain(format: Format) -> Self {
        Self::with(Form::of(format), None)
    }

    fn with(form: Form, chosen: Option<Vec<Field>>) -> Self {
        let is_chosen = chosen.is_some();
        let fields = chosen.unwrap_or_else(|| match form {
            Form::Table(_) => Field::in_tables(),
            _ => Field::all(),
        });
        Self { form, fields, chosen: is_chosen, has_head: true, is_single: false, printed: 0, now: UnixMillis::now() }
    }

    /// Prints one object in JSON and YAML, not a list with one item.
    pub(crate) fn single(self) -> Self {
        Self { is_single: true, ..self }
    }

    /// Prints `token`, and returns whether the reader is still there.
    pub(crate) fn token(&mut self, token: &Value) -> Result<bool, Failure> {
        self.printed += 1;
        let text = match &mut self.form {
            Form::Table(table) => {
                let row: Vec<String> = self.fields.iter().map(|field| field.cell(token, self.now)).collect();
                match table {
                    Table::Measured(columns) => columns.line(&row),
                    Table::Measuring(rows) => {
                        rows.push(row);
                        if rows.len() < MEASURED_ROWS || terminal_width().is_none() {
                            return Ok(true);
                        }
                        return self.measured(true);
                    }
                }
            }
            Form::Ids => escaped_on_terminal(token.get("_id").map(plain).unwrap_or_default()),
            Form::Value => escaped_on_terminal(self.fields[0].value(token).as_ref().map(plain).unwrap_or_default()),
            Form::Ndjson => visible::json(&self.chosen(token)),
            Form::Json if self.is_single => visible::pretty_json(&self.chosen(token)),
            Form::Json => {
                let before = if self.printed == 1 { "[\n" } else { ",\n" };
                let json = visible::pretty_json(&self.chosen(token));
                return write(&format!("{before}  {}", json.replace('\n', "\n  ")));
            }
            Form::Yaml if self.is_single => return write(&yaml(&self.chosen(token))),
            Form::Yaml => return write(&yaml(&Value::from(vec![self.chosen(token).into_owned()]))),
            Form::Csv => {
                let head = if self.printed == 1 { self.csv_head()? } else { String::new() };
                let cells = self.fields.iter();
                let cells = cells
                    .map(|field| escaped_on_terminal(field.value(token).as_ref().map(csv_cell).unwrap_or_default()));
                return write(&(head + &record(cells)?));
            }
        };
        write(&(text + "\n"))
    }

    /// Prints what follows the last token, and returns whether the reader is still there.
    pub(crate) fn end(mut self) -> Result<bool, Failure> {
        let text = match (&self.form, self.printed) {
            (Form::Json | Form::Yaml, _) if self.is_single => return Ok(true),
            (Form::Json, 0) => "[]\n".to_owned(),
            (Form::Json, _) => "\n]\n".to_owned(),
            (Form::Yaml, 0) => "[]\n".to_owned(),
            (Form::Csv, 0) => self.csv_head()?,
            (Form::Table(Table::Measuring(_)), _) => return self.measured(false),
            _ => return Ok(true),
        };
        write(&text)
    }

    /// Sets the widths, and prints the rows that were held back.
    fn measured(&mut self, has_more: bool) -> Result<bool, Failure> {
        let Form::Table(table) = &mut self.form else { return Ok(true) };
        let Table::Measuring(rows) = std::mem::replace(table, Table::Measured(Columns::default())) else {
            return Ok(true);
        };
        let head: Vec<String> = self.fields.iter().map(Field::heading).collect();
        let may_shrink: Vec<bool> = self.fields.iter().map(Field::is_shortened).collect();
        let usual: Vec<usize> =
            self.fields.iter().map(|field| if has_more { field.usual_width() } else { 0 }).collect();
        let mut all: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
        let room = terminal_width();
        let mut columns = Columns::new(&all, &usual, room, &may_shrink);
        // Chosen fields are all shown. Of the default ones, the last are omitted if there is too little room.
        while !self.chosen && self.fields.len() > 1 && room.is_some_and(|room| columns.width() > room) {
            self.fields.pop();
            all.iter_mut().for_each(|row| row.truncate(self.fields.len()));
            columns = Columns::new(&all, &usual, room, &may_shrink);
        }
        let text_field = self.fields.iter().position(|field| field.is_shortened() && field.usual_width() == 0);
        if let (true, Some(room), Some(at)) = (has_more, room, text_field) {
            columns.widen(at, room);
        }
        let mut text = String::new();
        if self.has_head {
            let head = columns.line(&all[0]);
            text = if has_colours() { format!("{HEAD}{head}{HEAD:#}\n") } else { head + "\n" };
        }
        for row in &all[1..] {
            text.push_str(&columns.line(row));
            text.push('\n');
        }
        *table = Table::Measured(columns);
        write(&text)
    }

    /// The token, or only its chosen fields.
    fn chosen<'a>(&self, token: &'a Value) -> Cow<'a, Value> {
        if !self.chosen {
            return Cow::Borrowed(token);
        }
        let fields = self.fields.iter();
        let fields = fields.map(|field| (field.name().to_owned(), field.value(token).unwrap_or_default()));
        Cow::Owned(Value::Object(fields.collect::<Map<_, _>>()))
    }

    fn csv_head(&self) -> Result<String, Failure> {
        match self.has_head {
            true => record(self.fields.iter().map(|field| field.name().to_owned())),
            false => Ok(String::new()),
        }
    }
}

impl Form {
    fn of(format: Format) -> Self {
        match format {
            Format::Table => Self::Table(Table::Measuring(Vec::new())),
            Format::Json => Self::Json,
            Format::Ndjson => Self::Ndjson,
            Format::Yaml => Self::Yaml,
            Format::Csv => Self::Csv,
            Format::Value => Self::Value,
        }
    }
}

/// A value as a CSV cell: text as it is, anything else as JSON.
fn csv_cell(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The text, on a terminal with invisible characters escaped.
fn escaped_on_terminal(text: String) -> String {
    if std::io::stdout().is_terminal() { visible(&text) } else { text }
}

pub(crate) fn record(cells: impl Iterator<Item = String>) -> Result<String, Failure> {
    let failed = |_| Failure::other("can't write the response as CSV");
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(cells).map_err(failed)?;
    let bytes = writer.into_inner().expect("a vector takes all");
    Ok(String::from_utf8(bytes).expect("it was text"))
}
