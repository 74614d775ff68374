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
use crate::terminal::output::field::{EXPIRY, Field, NEVER, plain};
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
    /// Whether times are dates. None for those that a table shows as ages.
    has_iso_times: Option<bool>,
    /// Whether formulas in CSV are defused.
    is_csv_safe: bool,
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
        if arguments.csv_safe && !matches!(form, Form::Csv) {
            return Err(Failure::usage("--csv-safe is for --output csv"));
        }
        let has_iso_times = arguments.times.as_deref().map(|times| times == "iso");
        let printer = Self::with(form, chosen);
        Ok(Self {
            has_head: !arguments.no_headers,
            is_csv_safe: arguments.csv_safe,
            has_iso_times: has_iso_times.or(printer.has_iso_times),
            ..printer
        })
    }

    /// A printer of all members' tokens, if `is_wide`: a table then says whose they are.
    pub(crate) fn wide(self, is_wide: bool) -> Self {
        match (&self.form, self.chosen) {
            (Form::Table(_), false) => Self { fields: Field::in_tables(is_wide), ..self },
            _ => self,
        }
    }

    /// A printer of all fields.
    pub(crate) fn plain(format: Format) -> Self {
        Self::with(Form::of(format), None)
    }

    fn with(form: Form, chosen: Option<Vec<Field>>) -> Self {
        let is_chosen = chosen.is_some();
        let is_csv = matches!(form, Form::Csv);
        let fields = match (chosen, &form) {
            (None, Form::Table(_)) => Field::in_tables(false),
            (None, _) => Field::in_csv(),
            (Some(fields), Form::Csv) => fields.iter().flat_map(Field::flattened).collect(),
            (Some(fields), _) => fields,
        };
        Self {
            form,
            fields,
            chosen: is_chosen,
            has_head: true,
            is_single: false,
            has_iso_times: is_csv.then_some(true),
            is_csv_safe: false,
            printed: 0,
            now: UnixMillis::now(),
        }
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
                let row = self.fields.iter().map(|field| match (self.has_iso_times, field.value(token)) {
                    (Some(is_iso), Some(_)) if field.is_time() => {
                        field.printed(token, is_iso).as_ref().map(plain).unwrap_or_default()
                    }
                    _ => field.cell(token, self.now),
                });
                let row: Vec<String> = row.collect();
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
            Form::Value => {
                let value = self.fields[0].printed(token, self.has_iso_times == Some(true));
                escaped_on_terminal(value.as_ref().map(plain).unwrap_or_default())
            }
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
                let cells = self.fields.iter().map(|field| {
                    let cell = field.printed(token, self.has_iso_times == Some(true)).as_ref().map(plain);
                    let cell = escaped_on_terminal(cell.unwrap_or_default());
                    if self.is_csv_safe && is_formula(&cell) { format!("'{cell}") } else { cell }
                });
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
        let Table::Measuring(mut rows) = std::mem::replace(table, Table::Measured(Columns::default())) else {
            return Ok(true);
        };
        // Only for those who let tokens expire. Later rows may have a date.
        let expiry = self.fields.iter().position(|field| field.name() == EXPIRY);
        if let Some(at) = expiry.filter(|at| !self.chosen && !has_more && rows.iter().all(|row| row[*at] == NEVER)) {
            self.fields.remove(at);
            rows.iter_mut().for_each(|row| {
                row.remove(at);
            });
        }
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
        if !self.chosen && self.has_iso_times != Some(true) {
            return Cow::Borrowed(token);
        }
        if !self.chosen {
            let mut token = token.clone();
            for field in Field::in_csv().iter().filter(|field| field.is_time()) {
                if let Some(time) = field.printed(&token, true) {
                    token[field.name()] = time;
                }
            }
            return Cow::Owned(token);
        }
        let is_iso = self.has_iso_times == Some(true);
        let fields = self.fields.iter();
        let fields = fields.map(|field| (field.name().to_owned(), field.printed(token, is_iso).unwrap_or_default()));
        Cow::Owned(Value::Object(fields.collect::<Map<_, _>>()))
    }

    fn csv_head(&self) -> Result<String, Failure> {
        match self.has_head {
            true => record(self.fields.iter().map(Field::csv_name)),
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

/// Whether a spreadsheet would run the cell as a formula. A number is none.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err()
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
