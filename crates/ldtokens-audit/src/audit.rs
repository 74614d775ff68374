//! Judges an inventory by a policy.

use std::borrow::Cow;
use std::cmp::Reverse;

use crate::inventory::Inventory;
use crate::policy::{Exception, Policy, Thresholds};
use crate::report::{Accepted, Finding, Report, Subject};
use crate::rule::{Rule, Severity};
use crate::rules::{self, Context, ages};

/// Judges the inventory by the policy, as of when the inventory was taken.
///
/// What the inventory does not have is a finding of its own, [`Rule::PartialInventory`], which no policy can turn off. A token
/// that has expired is judged by [`Rule::Expired`] alone, since it does nothing any more.
///
/// ```
/// use ldtokens_audit::{Inventory, Policy, Scope, audit};
/// let token = serde_json::from_str(r#"{
///     "_id": "61095542756dba551110ae21", "ownerId": "o", "memberId": "m", "creationDate": 0, "lastModified": 0,
///     "role": "admin", "description": "Terraform", "expiry": 8640000000
/// }"#)?;
/// let inventory = Inventory::new(ldtokens::UnixMillis::new(1000), Scope::OneMember, vec![token]);
/// let report = audit(&inventory, &Policy::default());
/// assert_eq!(report.findings[0].rule.id(), "admin");
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn audit(inventory: &Inventory, policy: &Policy) -> Report {
    let (now, context) = (inventory.taken_at, Context::new(inventory, Thresholds::of(policy)));
    let mut findings = Vec::new();
    // `severity` is the one of this finding, if it has one of its own.
    let mut add = |rule: Rule, severity: Option<Severity>, subject: Subject, name: Option<&str>, message: String| {
        let (is_enabled, chosen) = policy.rules.common(rule);
        if is_enabled {
            let severity = chosen.or(severity).unwrap_or(rule.severity());
            let (token_name, fix) = (name.map(str::to_owned), Cow::Borrowed(rule.fix()));
            findings.push(Finding { rule, severity, subject, token_name, message, fix, known: None });
        }
    };
    for gap in &inventory.gaps {
        let subject = gap.token_id.clone().map_or(Subject::TokenIds(Vec::new()), Subject::TokenId);
        add(Rule::PartialInventory, None, subject, None, gap.reason.clone());
    }
    for token in &inventory.tokens {
        let mut of_token = |rule, (severity, message)| {
            add(rule, severity, Subject::TokenId(token.id.clone()), token.name.as_deref(), message);
        };
        if let Some(detail) = ages::expired(&context, token) {
            of_token(Rule::Expired, detail);
            continue;
        }
        for (rule, judge) in rules::OF_TOKENS {
            judge(&context, token).into_iter().for_each(|detail| of_token(*rule, detail));
        }
    }
    for (ids, message) in rules::purpose::duplicate_names(&context, inventory) {
        add(Rule::DuplicateName, None, Subject::TokenIds(ids), None, message);
    }
    if let Some(message) = rules::purpose::near_limit(&context, inventory) {
        add(Rule::NearAccountLimit, None, Subject::TokenIds(Vec::new()), None, message);
    }
    // A stable sort: within a severity and a rule, tokens stay in the API's order.
    findings.sort_by_key(|finding| (Reverse(finding.severity), finding.rule));
    let covers = |exception: &Exception, finding: &Finding| exception.covers(finding.rule, finding.subject.ids());
    let notes = policy.exceptions.iter().filter_map(|exception| {
        let Exception { rule, token, until, .. } = exception;
        let of = token.as_ref().map_or(String::new(), |token| format!(" of token {token}"));
        let what = match (exception.is_open(now), findings.iter().any(|finding| covers(exception, finding))) {
            (false, true) => format!("ended on {until}"),
            (_, false) => "accepts nothing: remove it, or check the token's ID".to_owned(),
            (true, true) => return None,
        };
        Some(format!("The exception to {rule}{of} {what}."))
    });
    let notes = notes.collect();
    let mut accepted = Vec::new();
    findings.retain(|finding| {
        let exception = policy.exceptions.iter().find(|exception| exception.is_open(now) && covers(exception, finding));
        accepted.extend(exception.map(|exception| Accepted { finding: finding.clone(), exception: exception.clone() }));
        exception.is_none()
    });
    Report {
        audited_at: now,
        host: inventory.host.clone(),
        account_id: inventory.account_id.clone(),
        complete: inventory.is_complete(),
        tokens: inventory.tokens.len(),
        findings,
        accepted,
        notes,
    }
}
