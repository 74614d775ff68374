//! The report as one HTML page.

use std::collections::HashMap;

use ldtokens::{Token, TokenId, UnixMillis};

use crate::date::{DAY, day};
use crate::inventory::{Inventory, access, name};
use crate::outputs::chart;
use crate::outputs::markdown::{groups, headline};
use crate::report::{Accepted, Finding, Report};
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
    let (day, headline) = (day(report.audited_at), headline(report));
    let rows = rows(report, inventory);
    let filters = filters(&rows);
    let (style, head, chart) = (style(&filters), head(report, inventory), chart::overview(inventory));
    let (found, accepted, tokens) = (found(report), accepted(report), tokens(&rows, &filters, inventory));
    let counts =
        Severity::ALL.map(|severity| format!("<strong>{}</strong> {}", report.count(severity), badge(severity)));
    let counts = list("Findings", "sums", counts.into_iter());
    format!(
        "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n<meta http-equiv=Content-Security-Policy content=\"{POLICY}\">\n\
         <meta name=viewport content=\"width=device-width,initial-scale=1\">\n<meta name=referrer content=no-referrer>\n\
         <link rel=icon href=\"data:,\">\n<title>Access tokens, {day}: {headline}</title>\n<style>\n{STYLE}{style}</style>\n</head>\n<body>\n\
         <a class=skip href=#tokens>Skip to the tokens</a>\n{head}<main>\n{counts}<h2 id=times>Age and last use</h2>\n{chart}{found}{accepted}{tokens}\
         </main>\n<footer><p>Made by ldtokens. This page loads nothing and runs no script.</footer>\n</body>\n</html>\n"
    )
}

fn badge(severity: Severity) -> String {
    format!("<span class=\"badge {severity}\">{severity}</span>")
}

/// A list below its title, or nothing if there is nothing in it.
fn list(title: &str, class: &str, items: impl Iterator<Item = String>) -> String {
    let items: String = items.map(|item| format!("<li>{item}\n")).collect();
    if items.is_empty() { items } else { format!("<h2>{title}</h2>\n<ul class={class}>\n{items}</ul>\n") }
}

fn head(report: &Report, inventory: &Inventory) -> String {
    let (count, moment) = (inventory.tokens.len(), time(report.audited_at));
    let account = report.account_id.as_ref().map(|id| format!(" · account {}", escaped(id))).unwrap_or_default();
    let host = report.host.as_ref().map(|host| format!(" · {}", escaped(host))).unwrap_or_default();
    let gaps: String = inventory.gaps.iter().map(|gap| format!("<li>{}", escaped(&gap.reason))).collect();
    let alert = match report.complete {
        true => String::new(),
        false => format!(
            "<div class=alert><p><strong>Not everything was read or seen.</strong> This audit says nothing about the rest:</p>\n\
             <ul>{gaps}</ul></div>\n"
        ),
    };
    format!(
        "<header>\n<h1>Access token audit</h1>\n<p>{count} tokens, as of {moment}{account}{host}</p>\n{alert}</header>\n"
    )
}

/// What each rule found, why it matters, and what to do.
fn found(report: &Report) -> String {
    if report.findings.is_empty() {
        return "<p>No rule of the policy found anything.</p>\n".to_owned();
    }
    let items = groups(report).into_iter().map(|(severity, rule, findings)| {
        let news = findings.iter().filter(|finding| finding.known == Some(false)).count();
        let news = if news > 0 { format!(", {news} new") } else { String::new() };
        let (badge, count) = (badge(severity), findings.len());
        let (title, why, fix) = (rule.title(), rule.why(), code(rule.fix()));
        // Those of several tokens or of the account are not in the list of tokens.
        let others = findings.iter().filter(|finding| finding.subject.ids().len() != 1).take(20);
        let others = others.map(|finding| format!("<p class=soft><bdi>{}</bdi></p>", escaped(&finding.message)));
        let others: String = others.collect();
        format!("<h3>{badge} <span>{title}</span> <span>{count}{news}</span></h3><p>{why}</p>{others}<p>{fix}</p>")
    });
    list("What was found, and what to do", "rules", items)
}

fn accepted(report: &Report) -> String {
    let items = report.accepted.iter().map(|Accepted { finding, exception }| {
        let (title, until, reason) = (finding.rule.title(), exception.until, escaped(&exception.reason));
        let of = escaped(finding.token_name.as_deref().unwrap_or_default());
        let ids: Vec<_> = finding.subject.ids().iter().map(|id| escaped(id.as_str())).collect();
        format!("{title}: <bdi>{of}</bdi> <code>{}</code> until {until}. <bdi>{reason}</bdi>", ids.join(" "))
    });
    let notes = report.notes.iter().map(|note| format!("<p class=soft>{}</p>\n", escaped(note)));
    list("Accepted for a time", "accepted", items) + &notes.collect::<String>()
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
    let row = |token: &'a Token| Row { token, findings: of_token.remove(&token.id).unwrap_or_default() };
    let mut rows: Vec<_> = inventory.tokens.iter().map(row).collect();
    rows.sort_by_cached_key(|row| {
        let of = |severity| row.findings.iter().filter(|finding| finding.severity == severity).count();
        std::cmp::Reverse(Severity::ALL.map(of))
    });
    rows
}

fn tokens(rows: &[Row<'_>], filters: &[Filter], inventory: &Inventory) -> String {
    let groups = filters.chunk_by(|one, other| one.group == other.group).map(|group| {
        let Filter { group: name, title, .. } = group[0];
        let radio = format!("<label><input type=radio name={name}");
        let choices = group.iter().map(|Filter { id, text, count, .. }| {
            format!("{radio} id={name}-{id} autocomplete=off><span>{text} {count}</span></label>")
        });
        let choices: String = choices.collect();
        format!(
            "<fieldset><legend>{title}</legend><div class=pills>{radio} checked autocomplete=off><span>all</span></label>{choices}</div></fieldset>\n"
        )
    });
    let (groups, scale) = (groups.collect::<String>(), chart::Scale::of(inventory));
    let rows: String = rows.iter().map(|row| line(row, &scale)).collect();
    format!(
        "<section aria-labelledby=tokens>\n<h2 id=tokens>Tokens by risk</h2>\n<div class=filters>\n{groups}</div>\n\
         <p class=soft>In the column \"In use\", a line is thick from the token's creation to its last use, and thin from then on.</p>\n\
         <div class=head aria-hidden=true><span>Risk</span><span>Token</span><span>Access and member</span><span>Created</span>\
         <span>In use</span><span>Last used</span><span>Expires</span><span>Findings</span></div>\n\
         <ol class=tokens>\n{rows}</ol>\n</section>\n"
    )
}

/// A token's line of the list.
fn line(row: &Row<'_>, scale: &chart::Scale) -> String {
    let (token, worst, classes) = (row.token, row.worst(), row.classes().join(" "));
    let day = |moment: Option<UnixMillis>| moment.map_or("never".to_owned(), |moment| day(moment).to_string());
    let (created, used, ends) = (day(Some(token.creation_date)), day(last_used(token)), day(token.expiry));
    let (name, id, kind, access) = (escaped(name(token)), &token.id, kind(token), escaped(&access(token)));
    let email = token.member.as_ref().and_then(|member| member.email.as_deref());
    let email = email.map(|email| format!("\n{}", escaped(email))).unwrap_or_default();
    let use_line = scale.line(token);
    let findings = row.findings.iter().map(|finding| {
        let new = if finding.known == Some(false) { "new: " } else { "" };
        format!("{new}{}", escaped(said(finding)))
    });
    let findings = findings.collect::<Vec<_>>().join("; ");
    format!(
        "<li class=\"{classes}\"><b class=\"badge {worst}\">{worst}</b><div class=t><bdi>{name}</bdi><code>{}</code></div>\
         <i class=m>{kind}, {access}{email}</i><i class=k>{created}</i>{use_line}<i class=u>{used}</i><i class=e>{ends}</i>\
         <i class=f>{findings}</i>\n",
        escaped(id.as_str())
    )
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
    let lines = filters.iter().map(|Filter { group, id, class, .. }| match *group {
        "rule" => format!(".filters:has(#rule-{id}:checked)~.tokens>.{class}{{display:grid}}\n"),
        _ => format!(".filters:has(#{group}-{id}:checked)~.tokens>li:not(.{class}){{display:none!important}}\n"),
    });
    ".filters:has([id^=rule-]:checked)~.tokens>li{display:none}\n".to_owned() + &lines.collect::<String>()
}

/// The text, in which nothing is HTML. Control characters and those that change the direction of text are replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            letter => out.push(if letter.is_control() { '\u{fffd}' } else { letter }),
        }
    }
    out
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
