//! Judges an inventory by a policy.

use std::borrow::Cow;
use std::collections::HashSet;

use ldtokens::{TokenId, UnixMillis};

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
    let context = Context::new(inventory, Thresholds::of(policy));
    let mut found =
        Collector { policy, now: inventory.taken_at, findings: Vec::new(), accepted: Vec::new(), used: HashSet::new() };
    for gap in &inventory.gaps {
        let subject = gap.token_id.clone().map_or(Subject::TokenIds(Vec::new()), Subject::TokenId);
        found.add(Rule::PartialInventory, None, subject, None, gap.reason.clone());
    }
    for token in &inventory.tokens {
        let of_token = |found: &mut Collector<'_>, rule, (severity, message)| {
            found.add(rule, severity, Subject::TokenId(token.id.clone()), token.name.as_deref(), message);
        };
        if let Some(detail) = ages::expired(&context, token) {
            of_token(&mut found, Rule::Expired, detail);
            continue;
        }
        for (rule, judge) in rules::OF_TOKENS {
            if let Some(detail) = judge(&context, token) {
                of_token(&mut found, *rule, detail);
            }
        }
    }
    for (ids, message) in rules::purpose::duplicate_names(&context, inventory) {
        found.add(Rule::DuplicateName, None, Subject::TokenIds(ids), None, message);
    }
    if let Some(message) = rules::purpose::near_limit(&context, inventory) {
        found.add(Rule::NearAccountLimit, None, Subject::TokenIds(Vec::new()), None, message);
    }
    found.report(inventory)
}

struct Collector<'a> {
    policy: &'a Policy,
    now: UnixMillis,
    findings: Vec<Finding>,
    accepted: Vec<Accepted>,
    /// The exceptions that accepted something, by their places in the policy.
    used: HashSet<usize>,
}

impl Collector<'_> {
    /// Adds a finding, unless its rule is off. `severity` is the one of this finding, if it has one of its own.
    fn add(&mut self, rule: Rule, severity: Option<Severity>, subject: Subject, name: Option<&str>, message: String) {
        let (is_enabled, chosen) = self.policy.rules.common(rule);
        if !is_enabled {
            return;
        }
        let severity = chosen.or(severity).unwrap_or(rule.severity());
        let token_name = name.map(str::to_owned);
        let fix = Cow::Borrowed(rule.fix());
        let finding = Finding { rule, severity, subject, token_name, message, fix, known: None };
        match self.exception(rule, finding.subject.ids()) {
            Some(exception) => self.accepted.push(Accepted { finding, exception }),
            None => self.findings.push(finding),
        }
    }

    /// The first open exception for a finding. One that has ended counts as used, since it would have accepted something.
    fn exception(&mut self, rule: Rule, ids: &[TokenId]) -> Option<Exception> {
        let mut open = None;
        for (place, exception) in self.policy.exceptions.iter().enumerate() {
            let is_meant = exception.token.as_ref().is_none_or(|token| ids.contains(token));
            if exception.rule == rule && is_meant && rule != Rule::PartialInventory {
                self.used.insert(place);
                open = open.or_else(|| exception.is_open(self.now).then(|| exception.clone()));
            }
        }
        open
    }

    fn report(mut self, inventory: &Inventory) -> Report {
        // A stable sort: within a severity and a rule, tokens stay in the API's order.
        self.findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.rule));
        let exceptions = self.policy.exceptions.iter().enumerate();
        let notes = exceptions.filter_map(|(place, exception)| {
            let Exception { rule, token, until, .. } = exception;
            let of = token.as_ref().map_or(String::new(), |token| format!(" of token {token}"));
            let what = match (exception.is_open(self.now), self.used.contains(&place)) {
                (false, true) => format!("ended on {until}"),
                (_, false) => "accepts nothing: remove it, or check the token's ID".to_owned(),
                (true, true) => return None,
            };
            Some(format!("The exception to {rule}{of} {what}."))
        });
        Report {
            audited_at: inventory.taken_at,
            host: inventory.host.clone(),
            account_id: inventory.account_id.clone(),
            complete: inventory.is_complete(),
            tokens: inventory.tokens.len(),
            notes: notes.collect(),
            findings: self.findings,
            accepted: self.accepted,
        }
    }
}
