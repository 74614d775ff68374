//! The rules: what each is called, how severe it is, why it matters and what to do.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How urgent a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth tidying up.
    Low,
    /// To be dealt with in the coming weeks.
    Medium,
    /// To be dealt with in the coming days.
    High,
    /// To be dealt with now.
    Critical,
}

impl Severity {
    /// All severities, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// The name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

macro_rules! rules {
    ($($rule:ident = $id:literal, $severity:ident, $title:literal, $why:literal, $fix:literal;)*) => {
        /// A rule of the audit. Its ID is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = $why] #[serde(rename = $id)] $rule,)*
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Self] = &[$(Self::$rule,)*];

            /// The ID, as in JSON and in the policy.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$rule => $id,)* }
            }

            /// The severity, unless the policy sets another one. `expiring` and `expired` have several.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$rule => Severity::$severity,)* }
            }

            /// What a finding is called.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$rule => $title,)* }
            }

            /// Why it matters, in a sentence.
            pub const fn why(self) -> &'static str {
                match self { $(Self::$rule => $why,)* }
            }

            /// What to do about it, in a sentence.
            pub const fn fix(self) -> &'static str {
                match self { $(Self::$rule => $fix,)* }
            }
        }
    };
}

rules! {
    PartialInventory = "partial-inventory", Critical, "Not everything was seen",
        "What was not read or seen was not judged, so the audit proves nothing about it.",
        "Run the audit again with the credential of an Admin; if a token can't be read, look at it in LaunchDarkly.";
    OutranksMember = "outranks-member", High, "Outranks its member",
        "The token has a higher role than the member it belongs to, for instance since the member was given less.",
        "Give the token the member's role or less, or move it to a member who has that role.";
    Admin = "admin", High, "Admin",
        "Whoever has the secret can change everything in the account, and create more tokens.",
        "Give it a custom role with the actions that it needs, or the role reader or writer.";
    WildcardPolicy = "wildcard-policy", High, "Wildcard policy",
        "An inline policy that allows all actions on all resources of a kind is hardly less than Admin.",
        "Name the actions, projects and environments that it needs.";
    ResetsStrongerToken = "resets-stronger-token", High, "Can take over a stronger token",
        "Whoever resets a service token gets its new secret, and with it all that the token may do.",
        "Allow `resetAccessToken` on single service tokens, and on none that may do more than this one.";
    MemberGone = "member-gone", High, "Member is gone",
        "Nobody is responsible for the token. A service token keeps working after its member left.",
        "Find out what uses it and replace it with a service token of a current member, then delete it.";
    Unused = "unused", Medium, "Unused",
        "A secret that nobody uses can leak, and nobody would notice.",
        "Ask its member whether it is still needed; if not, delete it, else set an expiry.";
    NeverUsed = "never-used", Medium, "Never used",
        "It was created and never used, so its secret may be lying in a file or chat, and nothing needs it.",
        "Delete it.";
    OldSecret = "old-secret", Medium, "Old secret",
        "The longer a secret has been in use, the more people, logs and backups have seen it.",
        "Rotate it with `ldtokens rotate`.";
    Expiring = "expiring", Low, "Expires soon",
        "What uses the token stops working when it ends.",
        "Replace it before it ends, or set a later expiry if it is still needed.";
    Expired = "expired", Medium, "Expired",
        "It should not work any more, and what still uses it fails.",
        "Delete it, after you made sure that nothing needs it.";
    PersonalTokenForAutomation = "personal-token-for-automation", Medium, "Personal token for automation",
        "The automation stops when the member leaves, and can do all that the token and the member can.",
        "Create a service token with a role of its own, and delete this one.";
    UnknownCustomRole = "unknown-custom-role", Medium, "Unknown custom role",
        "It has a custom role that does not exist; a new role with that key could give it permissions that nobody meant.",
        "Remove the role from the token, or delete the token.";
    RetiredApiVersion = "retired-api-version", Medium, "Retired API version",
        "Its requests use a version of the API whose life has ended.",
        "Move what uses it to the current version, then create a new token with that version.";
    NearAccountLimit = "near-account-limit", Medium, "Near the account's limit",
        "At the limit no service token can be created, so a rotation that replaces tokens fails.",
        "Delete service tokens that nobody uses, or ask LaunchDarkly for a higher limit.";
    NoExpiry = "no-expiry", Low, "No expiry",
        "It works until someone deletes it, also if it leaks and nobody notices.",
        "Set an expiry by which it will be replaced.";
    DuplicateName = "duplicate-name", Low, "Duplicate name",
        "Several tokens have the same name, so the wrong one is easily changed or kept.",
        "Give each a name of its own, or delete those that were replaced.";
    NoDescription = "no-description", Low, "No description",
        "Nobody can tell what it is for, so nobody dares to delete it.",
        "Describe what uses it and who to ask.";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}
