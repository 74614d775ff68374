use std::fmt::Write;

use ldtokens::{Token, UnixMillis};

use crate::inventory::{Inventory, name};
use crate::outputs::markdown::groups;
use crate::report::Report;
use crate::rules::ages::{last_used, secret_since};
use crate::rules::purpose::kind;

/// A time or a length of time of a token at a moment, in milliseconds, if it has one.
type Value = fn(&Token, UnixMillis) -> Option<i64>;

const OF_TOKENS: [(&str, &str, Value); 5] = [
    ("ldtokens_token_expiration_timestamp_seconds", "When the token expires. Absent if it never does.", |token, _| {
        token.expiry.map(UnixMillis::get)
    }),
    (
        "ldtokens_token_last_used_timestamp_seconds",
        "When the token was last used. Absent if it never was.",
        |token, _| last_used(token).map(UnixMillis::get),
    ),
    ("ldtokens_token_created_timestamp_seconds", "When the token was created.", |token, _| {
        Some(token.creation_date.get())
    }),
    ("ldtokens_token_secret_timestamp_seconds", "Since when the token has its secret.", |token, _| {
        Some(secret_since(token).get())
    }),
    ("ldtokens_token_age_seconds", "How long ago the token was created.", |token, now| {
        Some(now.get().saturating_sub(token.creation_date.get()))
    }),
];

/// The inventory and the findings as Prometheus text, for the textfile collector of the node exporter.
pub fn prometheus(report: &Report, inventory: &Inventory) -> String {
    let mut out = String::new();
    let mut gauge = |metric: &str, help: &str, samples: &mut dyn Iterator<Item = (String, String)>| {
        let _ = writeln!(out, "# HELP {metric} {help}\n# TYPE {metric} gauge");
        for (labels, value) in samples {
            let _ = writeln!(out, "{metric}{labels} {value}");
        }
    };
    let of_token = |token: &Token| {
        let (id, name) = (label(token.id.as_str()), label(name(token)));
        format!("{{token_id=\"{id}\",name=\"{name}\",kind=\"{}\"}}", kind(token))
    };
    for (metric, help, value) in OF_TOKENS {
        let tokens = inventory.tokens.iter();
        let mut samples =
            tokens.filter_map(|token| Some((of_token(token), seconds(value(token, inventory.taken_at)?))));
        gauge(metric, help, &mut samples);
    }
    let mut findings = groups(report).into_iter().map(|(severity, rule, findings)| {
        (format!("{{rule=\"{rule}\",severity=\"{severity}\"}}"), findings.len().to_string())
    });
    gauge("ldtokens_audit_findings", "Findings of the audit.", &mut findings);
    for (metric, help, value) in [
        ("ldtokens_audit_tokens", "Tokens that were judged.", report.tokens.to_string()),
        ("ldtokens_audit_accepted", "Findings that exceptions accept.", report.accepted.len().to_string()),
        ("ldtokens_audit_complete", "1 if everything was read and seen.", u8::from(report.complete).to_string()),
        ("ldtokens_audit_timestamp_seconds", "As of when the tokens were judged.", seconds(report.audited_at.get())),
    ] {
        gauge(metric, help, &mut std::iter::once((String::new(), value)));
    }
    out
}

/// Milliseconds as seconds.
fn seconds(millis: i64) -> String {
    (millis as f64 / 1000.0).to_string()
}

/// The text as the value of a label.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
