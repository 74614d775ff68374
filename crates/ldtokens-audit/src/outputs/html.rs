//! The report as one HTML page.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;

use ldtokens::{Token, TokenId, UnixMillis};

use crate::date::{DAY, day};
use crate::inventory::{Inventory, access, name};
use crate::outputs::chart;
use crate::outputs::markdown::{groups, headline};
use crate::report::{Finding, Report};
use crate::rule::{Rule, Severity};
use crate::rules::ages::last_used;
use crate::rules::purpose::kind;

const STYLE: &str = include_str!("page.css");

/// Nothing may be loaded, sent or run.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// The report and the inventory as one HTML page, which needs no script, loads nothing and works without a network.
///
/// Its tokens are in the order of risk. Filters use CSS only. Names of tokens are text, whatever they contain.
pub fn html(report: &Report, inventory: &Inventory) -> String {
    let mut out = String::with_capacity(32 * 1024 + inventory.tokens.len() * 512);
    let day = day(report.audited_at);
    let rows = rows(report, inventory);
    let filters = filters(&rows);
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n<meta http-equiv=Content-Security-Policy content=\"{POLICY}\">\n\
         <meta name=viewport content=\"width=device-width,initial-scale=1\">\n<meta name=referrer content=no-referrer>\n\
         <link rel=icon href=\"data:,\">\n<title>Access tokens, {day}: {}</title>\n<style>\n{STYLE}{}</style>\n</head>\n<body>\n\
         <a class=skip href=#tokens>Skip to the tokens</a>\n",
        headline(report),
        style(&filters),
    );
    head(&mut out, report, inventory);
    out.push_str("<main>\n");
    summary(&mut out, report);
    out.push_str("<h2 id=times>Age and last use</h2>\n");
    chart::write(&mut out, inventory);
    found(&mut out, report);
    accepted(&mut out, report);
    tokens(&mut out, &rows, &filters, inventory);
    out.push_str("</main>\n<footer><p>Made by ldtokens. This page loads nothing and runs no script.</footer>\n</body>\n</html>\n");
    out
}

fn head(out: &mut String, report: &Report, inventory: &Inventory) {
    let moment = time(report.audited_at);
    let _ = write!(out, "<header>\n<h1>Access token audit</h1>\n<p>{} tokens, as of {moment}", inventory.tokens.len());
    for (what, value) in [("account", &report.account_id), ("", &report.host)] {
        if let Some(value) = value {
            let _ = write!(out, " · {what} {}", escaped(value));
        }
    }
    out.push_str("</p>\n");
    if !report.complete {
        out.push_str("<div class=alert><p><strong>Not everything was read or seen.</strong> This audit says nothing about the rest:</p>\n<ul>");
        for gap in &inventory.gaps {
            let _ = write!(out, "<li>{}", escaped(&gap.reason));
        }
        out.push_str("</ul></div>\n");
    }
    out.push_str("</header>\n");
}

/// The number of findings of each severity.
fn summary(out: &mut String, report: &Report) {
    out.push_str("<h2>Findings</h2>\n<ul class=sums>\n");
    for severity in Severity::ALL {
        let count = report.count(severity);
        let _ = writeln!(out, "<li><strong>{count}</strong> <span class=\"badge {severity}\">{severity}</span>");
    }
    out.push_str("</ul>\n");
}

/// What each rule found, why it matters, and what to do.
fn found(out: &mut String, report: &Report) {
    if report.findings.is_empty() {
        return out.push_str("<p>No rule of the policy found anything.</p>\n");
    }
    out.push_str("<h2>What was found, and what to do</h2>\n<ul class=rules>\n");
    for (severity, rule, findings) in groups(report) {
        let news = findings.iter().filter(|finding| finding.known == Some(false)).count();
        let news = if news > 0 { format!(", {news} new") } else { String::new() };
        let _ = write!(
            out,
            "<li><h3><span class=\"badge {severity}\">{severity}</span> <span>{}</span> <span>{}{news}</span></h3><p>{}</p>",
            rule.title(),
            findings.len(),
            rule.why(),
        );
        // Those of several tokens or of the account are not in the list of tokens.
        for finding in findings.iter().filter(|finding| finding.subject.ids().len() != 1).take(20) {
            let _ = write!(out, "<p class=soft><bdi>{}</bdi></p>", escaped(&finding.message));
        }
        let _ = writeln!(out, "<p>{}</p>", code(rule.fix()));
    }
    out.push_str("</ul>\n");
}

fn accepted(out: &mut String, report: &Report) {
    if !report.accepted.is_empty() {
        out.push_str("<h2>Accepted for a time</h2>\n<ul class=accepted>\n");
    }
    for accepted in &report.accepted {
        let (finding, exception) = (&accepted.finding, &accepted.exception);
        let of = finding.token_name.as_deref().unwrap_or_default();
        let ids: Vec<&str> = finding.subject.ids().iter().map(TokenId::as_str).collect();
        let _ = writeln!(
            out,
            "<li>{}: <bdi>{}</bdi> <code>{}</code> until {}. <bdi>{}</bdi>",
            finding.rule.title(),
            escaped(of),
            escaped(&ids.join(" ")),
            exception.until,
            escaped(&exception.reason),
        );
    }
    if !report.accepted.is_empty() {
        out.push_str("</ul>\n");
    }
    for note in &report.notes {
        let _ = writeln!(out, "<p class=soft>{}</p>", escaped(note));
    }
}

/// A token and its findings, the most severe first.
struct Row<'a> {
    token: &'a Token,
    findings: Vec<&'a Finding>,
}

impl Row<'_> {
    /// The name of its most severe finding's severity.
    fn worst(&self) -> &'static str {
        self.findings.iter().map(|finding| finding.severity).max().map_or("none", Severity::name)
    }

    /// By which the filters know it.
    fn classes(&self) -> Vec<String> {
        let of_row = [&self.worst()[..1], &kind(self.token)[..1]].map(str::to_owned);
        of_row.into_iter().chain(self.findings.iter().map(|finding| class(finding.rule))).collect()
    }
}

/// The tokens in the order of risk.
fn rows<'a>(report: &'a Report, inventory: &'a Inventory) -> Vec<Row<'a>> {
    let mut of_token: HashMap<&TokenId, Vec<&Finding>> = HashMap::with_capacity(inventory.tokens.len());
    for finding in &report.findings {
        for id in finding.subject.ids() {
            of_token.entry(id).or_default().push(finding);
        }
    }
    let mut rows: Vec<Row<'_>> = inventory
        .tokens
        .iter()
        .map(|token| Row { token, findings: of_token.remove(&token.id).unwrap_or_default() })
        .collect();
    rows.sort_by_cached_key(|row| {
        let of = |severity| row.findings.iter().filter(|finding| finding.severity == severity).count();
        std::cmp::Reverse(Severity::ALL.map(of))
    });
    rows
}

fn tokens(out: &mut String, rows: &[Row<'_>], filters: &[Filter], inventory: &Inventory) {
    out.push_str("<section aria-labelledby=tokens>\n<h2 id=tokens>Tokens by risk</h2>\n<div class=filters>\n");
    for group in filters.chunk_by(|one, other| one.group == other.group) {
        let Filter { group: name, title, .. } = group[0];
        let _ = write!(
            out,
            "<fieldset><legend>{title}</legend><div class=pills><label><input type=radio name={name} checked autocomplete=off><span>all</span></label>"
        );
        for Filter { id, text, count, .. } in group {
            let _ = write!(
                out,
                "<label><input type=radio name={name} id={name}-{id} autocomplete=off><span>{text} {count}</span></label>"
            );
        }
        out.push_str("</div></fieldset>\n");
    }
    out.push_str(
        "</div>\n<p class=soft>In the column \"In use\", a line is thick from the token's creation to its last use, and thin from then on.</p>\n\
         <div class=head aria-hidden=true><span>Risk</span><span>Token</span><span>Access and member</span><span>Created</span>\
         <span>In use</span><span>Last used</span><span>Expires</span><span>Findings</span></div>\n<ol class=tokens>\n",
    );
    let scale = chart::Scale::of(inventory);
    for row in rows {
        write_row(out, row, &scale);
    }
    out.push_str("</ol>\n</section>\n");
}

fn write_row(out: &mut String, row: &Row<'_>, scale: &chart::Scale) {
    let (token, worst) = (row.token, row.worst());
    let _ = write!(out, "<li class=\"{}", row.classes().join(" "));
    let day = |moment: Option<UnixMillis>| moment.map_or("never".to_owned(), |moment| day(moment).to_string());
    let _ = write!(
        out,
        "\"><b class=\"badge {worst}\">{worst}</b><div class=t><bdi>{}</bdi><code>{}</code></div>\
         <i class=m>{}, {}",
        escaped(name(token)),
        escaped(token.id.as_str()),
        kind(token),
        escaped(&access(token)),
    );
    if let Some(email) = token.member.as_ref().and_then(|member| member.email.as_deref()) {
        let _ = write!(out, "\n{}", escaped(email));
    }
    let _ = write!(out, "</i><i class=k>{}</i>", day(Some(token.creation_date)));
    scale.write(out, token);
    let _ = write!(out, "<i class=u>{}</i><i class=e>{}</i><i class=f>", day(last_used(token)), day(token.expiry));
    for (place, finding) in row.findings.iter().enumerate() {
        let new = if finding.known == Some(false) { "new: " } else { "" };
        let separator = if place == 0 { "" } else { "; " };
        let _ = write!(out, "{separator}{new}{}", escaped(said(finding)));
    }
    out.push_str("</i>\n");
}

/// The message, if it says more than the columns beside it.
fn said(finding: &Finding) -> &str {
    match finding.rule {
        Rule::OutranksMember
        | Rule::ResetsStrongerToken
        | Rule::WildcardPolicy
        | Rule::UnknownCustomRole
        | Rule::PersonalTokenForAutomation => finding.message.trim_end_matches('.'),
        rule => rule.title(),
    }
}

/// The class of the tokens in which a rule found something.
fn class(rule: Rule) -> String {
    format!("r{}", Rule::ALL.iter().position(|known| *known == rule).unwrap_or_default())
}

/// A choice: a radio button, and CSS that hides the tokens without the class.
struct Filter {
    group: &'static str,
    title: &'static str,
    id: &'static str,
    text: &'static str,
    class: String,
    count: usize,
}

/// The filters that some tokens pass.
fn filters(rows: &[Row<'_>]) -> Vec<Filter> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for class in rows.iter().flat_map(Row::classes) {
        *counts.entry(class).or_default() += 1;
    }
    let risks = Severity::ALL.map(Severity::name).into_iter().chain(["none"]);
    let risks = risks.map(|name| ("risk", "Worst finding", name, name, name[..1].to_owned()));
    let kinds = ["service", "personal"].map(|name| ("kind", "Kind", name, name, name[..1].to_owned()));
    let rules = Rule::ALL.iter().map(|rule| ("rule", "Finding", rule.id(), rule.title(), class(*rule)));
    let filters = risks.chain(kinds).chain(rules).filter_map(|(group, title, id, text, class)| {
        let count = counts.get(&class).copied()?;
        Some(Filter { group, title, id, text, class, count })
    });
    filters.collect()
}

/// The `:has` is limited to the buttons, since a browser would try one of the whole page again for each token that it reads.
fn style(filters: &[Filter]) -> String {
    // A browser tries only those of the rules that are for a class of the token.
    let mut style = ".filters:has([id^=rule-]:checked)~.tokens>li{display:none}\n".to_owned();
    for Filter { group, id, class, .. } in filters {
        let _ = match *group {
            "rule" => writeln!(style, ".filters:has(#rule-{id}:checked)~.tokens>.{class}{{display:grid}}"),
            _ => writeln!(
                style,
                ".filters:has(#{group}-{id}:checked)~.tokens>li:not(.{class}){{display:none!important}}"
            ),
        };
    }
    style
}

/// The text, in which nothing is HTML. Control characters and those that change the direction of text are replaced.
fn escaped(text: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| !matches!(letter, '<' | '>' | '&' | '"' | '\'') && !is_odd(letter);
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter if is_odd(letter) => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    Cow::Owned(out)
}

fn is_odd(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Our own text, with what is between backquotes as code.
fn code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { part.to_owned() } else { format!("<code>{part}</code>") }).collect()
}

/// The moment, to the minute.
fn time(moment: UnixMillis) -> String {
    let minutes = moment.get().rem_euclid(DAY) / 60_000;
    let (day, time) = (day(moment), format!("{:02}:{:02}", minutes / 60, minutes % 60));
    format!("<time datetime={day}T{time}Z>{day} {time} UTC</time>")
}
