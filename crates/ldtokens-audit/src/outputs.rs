//! A report as text in several formats.

mod chart;
mod html;
mod markdown;
mod prometheus;

use std::fmt::Write;

pub use html::html;
pub use markdown::markdown;
pub use prometheus::prometheus;

use crate::report::Report;

/// The findings as CSV (RFC 4180), one a line. A name that a spreadsheet would take for a formula begins with an apostrophe.
pub fn csv(report: &Report) -> String {
    let mut out = "rule,severity,tokenIds,tokenName,known,message,fix\r\n".to_owned();
    for finding in &report.findings {
        let ids: Vec<&str> = finding.subject.ids().iter().map(ldtokens::TokenId::as_str).collect();
        let name = finding.token_name.as_deref().unwrap_or_default();
        let name = if name.starts_with(['=', '+', '-', '@', '\t', '\r']) { &format!("'{name}") } else { name };
        let known = finding.known.map_or("", |known| if known { "true" } else { "false" });
        let cells = [&ids.join(" "), name, known, &finding.message, &finding.fix].map(cell);
        let _ = write!(out, "{},{},{}\r\n", finding.rule, finding.severity, cells.join(","));
    }
    out
}

fn cell(text: &str) -> String {
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
