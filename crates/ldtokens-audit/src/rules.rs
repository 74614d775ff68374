//! The rules, each a pure function of a token, and what they know besides it.

pub(crate) mod ages;
pub(crate) mod power;
pub(crate) mod purpose;

use std::collections::HashSet;

use ldtokens::{Token, UnixMillis};

use crate::inventory::Inventory;
use crate::policy::Thresholds;
use crate::rule::{Rule, Severity};

/// A severity, if the finding has one of its own, and a message.
pub(crate) type Detail = (Option<Severity>, String);

/// A rule about one token. `None` if it does not apply.
type Judge = fn(&Context<'_>, &Token) -> Option<Detail>;

/// The rules about one token, except `expired`.
pub(crate) const OF_TOKENS: &[(Rule, Judge)] = &[
    (Rule::OutranksMember, power::outranks_member),
    (Rule::Admin, power::admin),
    (Rule::WildcardPolicy, power::wildcard_policy),
    (Rule::ResetsStrongerToken, power::resets_stronger),
    (Rule::UnknownCustomRole, power::unknown_custom_role),
    (Rule::MemberGone, purpose::member_gone),
    (Rule::PersonalTokenForAutomation, purpose::personal_token_for_automation),
    (Rule::NoDescription, purpose::no_description),
    (Rule::Unused, ages::unused),
    (Rule::NeverUsed, ages::never_used),
    (Rule::OldSecret, ages::old_secret),
    (Rule::Expiring, ages::expiring),
    (Rule::NoExpiry, ages::no_expiry),
    (Rule::RetiredApiVersion, ages::retired_api_version),
];

/// What the rules know besides the token.
pub(crate) struct Context<'a> {
    pub(crate) now: UnixMillis,
    pub(crate) thresholds: Thresholds,
    pub(crate) unknown_roles: HashSet<&'a str>,
    /// Whether the API names the members of tokens. If it names none, a missing member means nothing.
    pub(crate) names_members: bool,
    /// The service tokens that a weaker one may not take over, the strongest first.
    pub(crate) strong: Vec<&'a Token>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(inventory: &'a Inventory, thresholds: Thresholds) -> Self {
        Self {
            now: inventory.taken_at,
            thresholds,
            unknown_roles: inventory.unknown_roles.iter().map(String::as_str).collect(),
            names_members: inventory.tokens.iter().any(purpose::has_member),
            strong: power::strong(&inventory.tokens, inventory.taken_at),
        }
    }

    /// Whether the moment was at least `length` milliseconds ago.
    pub(crate) fn is_past(&self, moment: UnixMillis, length: i64) -> bool {
        self.now.get().saturating_sub(moment.get()) >= length
    }
}
