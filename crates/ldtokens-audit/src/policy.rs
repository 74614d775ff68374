//! What the audit judges by: thresholds, severities, and exceptions.

use std::num::NonZeroU32;

use jiff::civil::Date;
use ldtokens::{TokenId, UnixMillis};
use schemars::{JsonSchema, Schema, schema_for};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::date::{self, DAY};
use crate::rule::{Rule, Severity};

/// What the audit judges by. The default has the thresholds below and no exceptions.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Policy {
    /// Use the strict thresholds where `rules` has none: `unused` 45 days, `never-used` 14 days, `old-secret` 90 days.
    pub strict: bool,
    /// Settings of single rules.
    pub(crate) rules: Rules,
    /// Findings that are accepted for a time.
    pub exceptions: Vec<Exception>,
}

impl Policy {
    /// The format of a policy, as JSON Schema. This is one:
    ///
    /// ```
    /// let policy: ldtokens_audit::Policy = serde_json::from_str(r#"{
    ///     "rules": {"unused": {"days": 45}, "no-expiry": {"severity": "high"}, "no-description": {"enabled": false}},
    ///     "exceptions": [{"rule": "admin", "token": "61095542756dba551110ae21", "reason": "Terraform", "until": "2027-01-31"}]
    /// }"#)?;
    /// assert_eq!(policy.exceptions.len(), 1);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn json_schema() -> Schema {
        schema_for!(Policy)
    }
}

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
        #[serde(default, rename_all = "camelCase", deny_unknown_fields)]
        pub(crate) struct $name {
            /// Whether the rule is used. Default: yes.
            enabled: Option<bool>,
            /// The severity of its findings.
            severity: Option<Severity>,
            $($(#[$field_doc])* $field: $type,)*
        }

        impl $name {
            fn common(&self) -> (bool, Option<Severity>) {
                (self.enabled != Some(false), self.severity)
            }
        }
    )*};
}

settings! {
    /// Settings of a rule that has no threshold.
    Plain {}
    /// Settings of a rule about something that is old.
    After {
        /// From how many days on. The rule does not judge tokens that are younger.
        days: Option<NonZeroU32>,
    }
    /// Settings of `expiring`.
    Within {
        /// How many days before the end, in up to three steps; the last ones are more severe. Default: 30, 7 and 1.
        #[schemars(length(min = 1, max = 3))]
        days: Option<Vec<NonZeroU32>>,
    }
    /// Settings of `personal-token-for-automation`.
    Words {
        /// Words in a name that say that no person uses the token, in lower case.
        words: Option<Vec<String>>,
    }
    /// Settings of `near-account-limit`.
    Limit {
        /// How many service tokens the account can have. Default: 200, unless it has more.
        limit: Option<NonZeroU32>,
        /// From what part of the limit on, in percent. Default: 90.
        percent: Option<NonZeroU32>,
    }
}

macro_rules! all_rules {
    ($($(#[$doc:meta])* $field:ident: $settings:ident = $rule:ident,)*) => {
        /// Settings of single rules, by their IDs.
        #[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
        #[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
        pub(crate) struct Rules {
            $($(#[$doc])* $field: $settings,)*
        }

        impl Rules {
            /// Whether the rule is used, and the severity that was set.
            pub(crate) fn common(&self, rule: Rule) -> (bool, Option<Severity>) {
                match rule {
                    $(Rule::$rule => self.$field.common(),)*
                    // What was not seen is always said.
                    Rule::PartialInventory => (true, None),
                }
            }
        }
    };
}

all_rules! {
    /// Not used for 90 days.
    unused: After = Unused,
    /// Never used since it was created 30 days ago or earlier.
    never_used: After = NeverUsed,
    /// The secret is 365 days old or older.
    old_secret: After = OldSecret,
    /// The role is admin.
    admin: Plain = Admin,
    /// An inline policy that allows everything on all resources of a kind.
    wildcard_policy: Plain = WildcardPolicy,
    /// An inline policy that allows a reset of a service token that may do more.
    resets_stronger_token: Plain = ResetsStrongerToken,
    /// A role above that of the token's member.
    outranks_member: Plain = OutranksMember,
    /// The token's member is not in the account any more.
    member_gone: Plain = MemberGone,
    /// A personal token whose name says that no person uses it.
    personal_token_for_automation: Words = PersonalTokenForAutomation,
    /// A custom role that the account does not have.
    unknown_custom_role: Plain = UnknownCustomRole,
    /// Several tokens with the same name.
    duplicate_name: Plain = DuplicateName,
    /// A default API version whose life has ended.
    retired_api_version: Plain = RetiredApiVersion,
    /// No description.
    no_description: Plain = NoDescription,
    /// No expiry.
    no_expiry: Plain = NoExpiry,
    /// Ends within 30, 7 or 1 days: low, medium or high.
    expiring: Within = Expiring,
    /// Has ended. High if it was used after its end.
    expired: Plain = Expired,
    /// Service tokens near the account's limit.
    near_account_limit: Limit = NearAccountLimit,
}

/// A finding that is accepted until a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Exception {
    /// The rule. It can't be `partial-inventory`.
    #[serde(deserialize_with = "rule")]
    pub rule: Rule,
    /// The ID of the token. If absent, all findings of the rule are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub token: Option<TokenId>,
    /// Why it is accepted.
    #[serde(deserialize_with = "reason")]
    #[schemars(length(min = 1))]
    pub reason: String,
    /// The last day of the exception, in UTC.
    #[serde(with = "date")]
    #[schemars(with = "String", extend("format" = "date"))]
    pub(crate) until: Date,
}

fn rule<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rule, D::Error> {
    match Rule::deserialize(deserializer)? {
        Rule::PartialInventory => {
            Err(D::Error::custom("there is no exception to partial-inventory: what was not seen can't be accepted"))
        }
        rule => Ok(rule),
    }
}

fn reason<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let reason = String::deserialize(deserializer)?;
    if reason.trim().is_empty() { Err(D::Error::custom("an exception has a reason")) } else { Ok(reason) }
}

impl Exception {
    /// Whether it still applies at this moment.
    pub(crate) fn is_open(&self, now: UnixMillis) -> bool {
        date::day(now) <= self.until
    }

    /// Whether it accepts what the rule found of these tokens, as long as it applies.
    pub(crate) fn covers(&self, rule: Rule, tokens: &[TokenId]) -> bool {
        let is_meant = self.token.as_ref().is_none_or(|token| tokens.contains(token));
        self.rule == rule && rule != Rule::PartialInventory && is_meant
    }
}

/// The words in names that say that no person uses a token: programs and services that run jobs, and what such jobs are called.
const AUTOMATION: &str = "ansible argocd automation automated azure-pipelines bitbucket bot buildkite cd ci cicd circleci cron \
    cronjob deploy deployment github gitlab jenkins jenkinsfile k8s kubernetes lambda pipeline pipelines pulumi spinnaker teamcity \
    terraform travis";

/// The policy with all defaults filled in.
pub(crate) struct Thresholds {
    /// Milliseconds, as all lengths of time here.
    pub(crate) unused: i64,
    pub(crate) never_used: i64,
    pub(crate) old_secret: i64,
    /// With their severities, the shortest first.
    pub(crate) expiring: Vec<(i64, Severity)>,
    pub(crate) words: Vec<String>,
    /// The limit of service tokens that the policy sets.
    pub(crate) limit: Option<usize>,
    pub(crate) percent: usize,
}

impl Thresholds {
    pub(crate) fn of(policy: &Policy) -> Self {
        let rules = &policy.rules;
        let after = |days: Option<NonZeroU32>, usual: i64, strict: i64| {
            days.map_or(if policy.strict { strict } else { usual }, |days| i64::from(days.get())) * DAY
        };
        let mut steps: Vec<i64> = match &rules.expiring.days {
            Some(days) if !days.is_empty() => days.iter().map(|days| i64::from(days.get()) * DAY).collect(),
            _ => vec![30 * DAY, 7 * DAY, DAY],
        };
        steps.sort_unstable();
        let severities = match steps.len() {
            1 => &[Severity::Low][..],
            2 => &[Severity::Medium, Severity::Low],
            _ => &[Severity::High, Severity::Medium, Severity::Low],
        };
        let severity = |step: usize| severities.get(step).copied().unwrap_or(Severity::Low);
        let words = rules.personal_token_for_automation.words.as_ref();
        let number = |number: NonZeroU32| usize::try_from(number.get()).unwrap_or(usize::MAX);
        Self {
            unused: after(rules.unused.days, 90, 45),
            never_used: after(rules.never_used.days, 30, 14),
            old_secret: after(rules.old_secret.days, 365, 90),
            expiring: steps.into_iter().enumerate().map(|(step, length)| (length, severity(step))).collect(),
            words: words.map_or_else(
                || AUTOMATION.split_whitespace().map(str::to_owned).collect(),
                |words| words.iter().map(|word| word.to_lowercase()).collect(),
            ),
            limit: rules.near_account_limit.limit.map(number),
            percent: rules.near_account_limit.percent.map_or(90, number),
        }
    }
}
