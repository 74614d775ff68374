//! `ldtokens audit` and `diff`: judge the account's tokens by rules, and compare inventories, in many formats.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use ldtokens::DryRun;
use ldtokens_audit::{Inventory, Policy, Report, Rule, Severity, Subject, audit, csv, html, markdown, prometheus};

use crate::account::with_client;
use crate::arguments::GlobalArgs;
use crate::files::text;
use crate::moment::date;
use crate::terminal::{
    Columns, Failure, Format, Kind, aligned, output, print, record, say, terminal_width, visible, write,
};
use crate::verbs::inventory::{ScopeArgs, ToArgs, check_complete, gather, json, saved};

/// Find tokens that are unused, too powerful, about to expire, or without an owner
///
/// Judges the tokens of all members by rules: what was found, how severe it is, and what to do. Nothing is changed.
///
/// The exit status is 0 unless --fail-on is given. If a token could not be read, or the credential may not see all tokens, that is a
/// finding and the exit status is 10: an audit of a part never passes.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, after_long_help = rules())]
pub(crate) struct AuditArgs {
    /// Exit with status 15 if there is a finding of this severity or above: low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", value_parser = severity())]
    fail_on: Option<Severity>,

    /// Fail only on findings that are not in FILE, an earlier `audit -o json`
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Judge by a policy in YAML: thresholds, severities, and exceptions with a reason and an end
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Use the strict thresholds: unused for 45 days, never used for 14, secrets of 90 days
    #[arg(long)]
    strict: bool,

    /// Judge a saved inventory, as of when it was taken
    #[arg(long, value_name = "FILE", conflicts_with = "visible_only")]
    from: Option<PathBuf>,

    #[command(flatten)]
    scope: ScopeArgs,

    #[command(flatten)]
    to: ToArgs,

    /// Print the JSON Schema of policies
    #[arg(long, exclusive = true)]
    policy_schema: bool,
}

/// Parses a severity.
fn severity() -> impl TypedValueParser<Value = Severity> {
    let all = || Severity::ALL.into_iter().rev();
    PossibleValuesParser::new(all().map(Severity::name))
        .map(move |name| all().find(|severity| severity.name() == name).expect("it is one of them"))
}

const EXAMPLES: &str = "\
Examples:
  ldtokens audit
  ldtokens audit --fail-on high
  ldtokens audit --policy audit.yaml -o html --to audit.html
  ldtokens audit -o json --to baseline.json
  ldtokens audit --baseline baseline.json --fail-on medium
  ldtokens audit -o prometheus --to /var/lib/node_exporter/ldtokens.prom";

/// The examples and a table of the rules.
fn rules() -> String {
    let rows =
        Rule::ALL.iter().map(|rule| vec![format!("  {rule}"), rule.severity().to_string(), rule.title().to_owned()]);
    format!("{EXAMPLES}\n\nRules:\n{}", aligned(&rows.collect::<Vec<_>>()))
}

pub(crate) async fn run(global: &GlobalArgs, arguments: &AuditArgs) -> Result<(), Failure> {
    if arguments.policy_schema {
        return arguments.to.write(&output::text(Format::Json, &Policy::json_schema())).map(|_| ());
    }
    let output = global.format()?;
    let mut policy = policy(arguments.policy.as_deref())?;
    policy.strict |= arguments.strict;
    let baseline = arguments.baseline.as_deref().map(|path| json(path, "a report of `ldtokens audit -o json`"));
    let baseline: Option<Report> = baseline.transpose()?;
    let judge = |inventory: &Inventory| {
        let mut report = audit(inventory, &policy);
        if let Some(baseline) = &baseline {
            report.compare_with(baseline).map_err(Failure::usage)?;
        }
        arguments.to.write(&text(output, &report, inventory)?)?;
        check(&report, inventory, arguments.fail_on)
    };
    match &arguments.from {
        Some(path) => {
            global.refuse_account("audit --from")?;
            judge(&saved(path)?)
        }
        None => {
            with_client(global, DryRun::Everything, async |session| judge(&gather(session, arguments.scope).await?))
                .await
        }
    }
}

/// Reads a policy. Without a file it is the default one.
fn policy(path: Option<&Path>) -> Result<Policy, Failure> {
    let Some(path) = path else { return Ok(Policy::default()) };
    text::yaml_of_file(path).map_err(|reason| Failure::usage(format!("{}: {reason}", path.display())))
}

/// The report in this format.
fn text(format: Format, report: &Report, inventory: &Inventory) -> Result<String, Failure> {
    Ok(match format {
        Format::Markdown => markdown(report),
        Format::Prometheus => prometheus(report, inventory),
        Format::Html => html(report, inventory),
        Format::Csv => csv(report),
        Format::Table => table(report),
        Format::Ndjson => output::text(format, &report.findings),
        _ => output::text(format, report),
    })
}

/// The findings, what to do about them, and a summary.
fn table(report: &Report) -> String {
    let mut text = String::new();
    if !report.findings.is_empty() {
        let head = ["SEVERITY", "RULE", "TOKEN", "NAME", "FINDING"].map(str::to_owned).to_vec();
        let rows = report.findings.iter().map(|finding| {
            let tokens = match &finding.subject {
                Subject::TokenId(id) => id.to_string(),
                Subject::TokenIds(ids) if ids.is_empty() => "-".to_owned(),
                Subject::TokenIds(ids) => format!("{} tokens", ids.len()),
            };
            let new = if finding.known == Some(false) { "new: " } else { "" };
            let name = finding.token_name.clone().unwrap_or_default();
            let message = format!("{new}{}", finding.message);
            vec![finding.severity.to_string(), finding.rule.to_string(), tokens, name, message]
        });
        text = in_columns(std::iter::once(head).chain(rows).collect(), &[false, false, false, true, true]);
        let mut found: Vec<Rule> = report.findings.iter().map(|finding| finding.rule).collect();
        found.dedup();
        text.push_str("\nWhat to do:\n");
        let advice = found.iter().map(|rule| vec![format!("  {rule}"), rule.fix().to_owned()]);
        text.extend([&aligned(&advice.collect::<Vec<_>>()), "\n\n"]);
    }
    for note in &report.notes {
        text.extend([&visible(note), "\n"]);
    }
    let counts = Severity::ALL.map(|severity| format!("{} {severity}", report.count(severity))).join(", ");
    let accepted = match report.accepted.len() {
        0 => String::new(),
        count => format!(", {count} accepted"),
    };
    text + &format!("{} tokens as of {}: {counts}{accepted}\n", report.tokens, date(report.audited_at))
}

/// The rows, in columns that fit the terminal.
fn in_columns(rows: Vec<Vec<String>>, may_shrink: &[bool]) -> String {
    let columns = Columns::new(&rows, &[], terminal_width(), may_shrink);
    rows.iter().map(|row| columns.line(row) + "\n").collect()
}

/// An error if there are findings that fail, or if not everything was judged.
fn check(report: &Report, inventory: &Inventory, fail_on: Option<Severity>) -> Result<(), Failure> {
    if let Some(level) = fail_on {
        let news = report.news(level).count();
        if news > 0 {
            let findings = if news == 1 { "1 finding is" } else { &format!("{news} findings are") };
            let new = if report.findings.iter().any(|finding| finding.known.is_some()) { "new and " } else { "" };
            let or_above = if level == Severity::Critical { "" } else { " or above" };
            return Err(Failure::new(Kind::Findings, format!("{findings} {new}{level}{or_above}")));
        }
    }
    check_complete(inventory)
}

/// Compare two saved inventories
///
/// Shows tokens that are new or gone, that changed, that may do more than before, that were used again after a long time, and that
/// are about to expire. A token of which only lastUsed changed is not listed.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ldtokens diff 2026-10.json 2026-11.json
  ldtokens diff 2026-10.json 2026-11.json -o json")]
pub(crate) struct DiffArgs {
    /// The older inventory
    #[arg(value_name = "OLD")]
    old: PathBuf,

    /// The newer inventory
    #[arg(value_name = "NEW")]
    new: PathBuf,

    /// The policy that says when a token counts as unused or about to expire
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

pub(crate) fn diff(global: &GlobalArgs, arguments: &DiffArgs) -> Result<(), Failure> {
    let format = global.format()?;
    let policy = policy(arguments.policy.as_deref())?;
    let diff =
        ldtokens_audit::diff(&saved(&arguments.old)?, &saved(&arguments.new)?, &policy).map_err(Failure::usage)?;
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
            write(&in_columns(rows.map(Vec::from).collect(), &[false, false, true, true])).map(|_| ())
        }
        Format::Csv => {
            let head = ["change", "tokenId", "tokenName", "message"].map(str::to_owned);
            let records = std::iter::once(head).chain(rows).map(|row| record(row.into_iter()));
            write(&records.collect::<String>()).map(|_| ())
        }
        Format::Ndjson => output::value(format, &diff.changes),
        _ => output::value(format, &diff),
    }
}
