use std::fmt::Write;

use crate::date::day;
use crate::report::{Finding, Report, Subject};
use crate::rule::{Rule, Severity};

/// How many findings of a rule are listed. The rest is counted: a comment on GitHub has at most 65,536 characters.
const LISTED: usize = 20;

/// The report as Markdown, for a pull request or the summary of a job. Names of tokens can't become links, mentions or HTML.
pub fn markdown(report: &Report) -> String {
    let (headline, tokens_read, day) = (headline(report), report.tokens, day(report.audited_at));
    let mut out = format!("## Access tokens: {headline}\n\n{tokens_read} tokens, as of {day}.\n");
    if !report.complete {
        out.push_str("\n> [!CAUTION]\n> Not everything was read or seen. This audit says nothing about the rest.\n");
    }
    if !report.findings.is_empty() {
        out.push_str("\n| severity | rule | findings | what to do |\n| --- | --- | ---: | --- |\n");
    }
    let groups = groups(report);
    for (severity, rule, findings) in &groups {
        let _ = writeln!(out, "| {severity} | {} (`{rule}`) | {} | {} |", rule.title(), findings.len(), rule.fix());
    }
    for (severity, rule, findings) in &groups {
        let _ = writeln!(out, "\n### {}, {severity}\n\n{}\n", rule.title(), rule.why());
        for finding in findings.iter().take(LISTED) {
            let new = if finding.known == Some(false) { "**new** " } else { "" };
            let _ = writeln!(out, "- {new}{}{}", tokens(finding), code_in(&finding.message));
        }
        if let Some(more) = findings.len().checked_sub(LISTED).filter(|more| *more > 0) {
            let _ = writeln!(out, "- and {more} more");
        }
    }
    if !report.accepted.is_empty() {
        out.push_str("\n### Accepted\n\n");
    }
    for accepted in report.accepted.iter().take(LISTED) {
        let (finding, exception) = (&accepted.finding, &accepted.exception);
        let (reason, until) = (code(&exception.reason), exception.until);
        let _ = writeln!(out, "- `{}` {}until {until}: {reason}", finding.rule, tokens(finding));
    }
    for note in &report.notes {
        let _ = write!(out, "\n{note}\n");
    }
    out
}

/// The result in a few words: `2 high, 5 low`.
pub(crate) fn headline(report: &Report) -> String {
    let counts = Severity::ALL.map(|severity| (report.count(severity), severity));
    let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, severity)| format!("{count} {severity}"));
    let counts: Vec<_> = counts.collect();
    if counts.is_empty() { "no findings".to_owned() } else { counts.join(", ") }
}

/// The findings of each severity and rule, in the order of the report, which is sorted by them.
pub(crate) fn groups(report: &Report) -> Vec<(Severity, Rule, &[Finding])> {
    let groups = report.findings.chunk_by(|one, other| (one.severity, one.rule) == (other.severity, other.rule));
    groups.map(|findings| (findings[0].severity, findings[0].rule, findings)).collect()
}

/// The tokens of a finding, with a colon or a space after them.
fn tokens(finding: &Finding) -> String {
    match (&finding.subject, &finding.token_name) {
        (Subject::TokenId(id), Some(name)) => format!("{} ({}): ", code(name), code(id.as_str())),
        (Subject::TokenId(id), None) => format!("{}: ", code(id.as_str())),
        (Subject::TokenIds(_), _) => String::new(),
    }
}

/// A message, as code if anything in it could have a meaning in Markdown.
fn code_in(message: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || " .,:;'-".contains(letter);
    if message.chars().all(is_plain) && !message.contains("www.") { message.to_owned() } else { code(message) }
}

/// The text as code, in which nothing has a meaning. Its fence is longer than any of its own.
fn code(text: &str) -> String {
    let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A blank beside each fence is not shown.
    format!("{fence} {} {fence}", text.replace('|', "\\|"))
}
