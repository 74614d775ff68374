use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use ldtokens::{ApiVersion, BaseRole, NewToken, Permissions, Policy, UnixMillis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::destination::{DestinationSpec, Taken};
use crate::error::PlanError;
use crate::length::Length;
use crate::marker::{Marker, is_key, parse_time};

/// Which tokens there are. Its JSON Schema is made from this type.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokensFile {
    /// What tells this file from other files of the same account. Its tokens have the marker `[ldtokens:NAME/KEY]`, and it leaves
    /// those of other files alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The managed tokens. All others are left alone.
    pub tokens: Vec<ManagedToken>,
}

/// One managed token. Properties of the API have the API's names.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ManagedToken {
    /// What tells it from the others in this file: letters, digits, `.`, `_` and `-`. It stays the same when the name changes.
    pub key: String,
    /// The token's name.
    pub name: String,
    /// What the token is for, without the marker that is appended to it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// A base role: `reader`, `writer` or `admin`. A token has either this, `customRoleIds` or `inlineRole`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Custom roles, by key or ID.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom_role_ids: Vec<String>,
    /// A policy: a list of statements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inline_role: Option<Value>,
    /// Whether it is a service token, which keeps working when its creator leaves. A change replaces the token.
    #[serde(default)]
    pub service_token: bool,
    /// The API version of requests that name none. A change replaces the token. By default the API chooses, and any is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_api_version: Option<i64>,
    /// How long a token lives from its creation, such as `90d`. Another takes its place when less than the overlap is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Length>,
    /// When the token expires for good, such as `2027-01-31T00:00:00Z`. Instead of `lifetime`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<String>,
    /// How old a token may become before another takes its place, such as `60d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotate_after: Option<Length>,
    /// How long the old token works after the new secret is delivered. Default: `24h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Length>,
    /// Where the secret goes. Without one, the token can't be created or rotated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<DestinationSpec>,
}

impl TokensFile {
    /// Checks all that can be checked without an account.
    ///
    /// # Errors
    /// [`PlanError::InvalidFile`] has all faults.
    pub fn check(&self) -> Result<(), PlanError> {
        let (mut faults, mut keys, mut places) = (Vec::new(), BTreeSet::new(), Taken::default());
        if self.name.as_deref().is_some_and(|name| !is_key(name)) {
            faults.push("the name of a file has 1 to 64 letters, digits, `.`, `_` and `-`".to_owned());
        }
        for token in &self.tokens {
            let key = &token.key;
            let lifetime = token.lifetime.as_ref().map(Length::duration);
            let rotate_after = token.rotate_after.as_ref().map(Length::duration);
            let has_marker = !Marker::split(&token.description).1.is_empty();
            let is_no_version = token.default_api_version.is_some() && token.api_version().is_none();
            let is_no_time = token.expiry.as_deref().is_some_and(|expiry| parse_time(expiry).is_none());
            let is_late = lifetime.zip(rotate_after).is_some_and(|(lifetime, after)| after >= lifetime);
            let checks = [
                (!is_key(key), "a key has 1 to 64 letters, digits, `.`, `_` and `-`"),
                (!keys.insert(key), "two tokens have this key"),
                (has_marker, "the description has a marker: apply writes it"),
                (is_no_version, "defaultApiVersion is not a version of the API"),
                (token.expiry.is_some() && lifetime.is_some(), "it has either a lifetime or an expiry"),
                (is_no_time, "expiry is not a time such as 2027-01-31T00:00:00Z"),
                (is_late, "rotateAfter must be shorter than lifetime, or the token expires first"),
                (rotate_after == Some(Duration::ZERO), "rotateAfter is zero, so each apply would rotate it"),
                (lifetime.is_some_and(|lifetime| lifetime <= token.overlap()), "lifetime must be longer than overlap"),
            ];
            let of_token = checks.into_iter().filter(|(is_fault, _)| *is_fault).map(|(_, text)| text.to_owned());
            let of_destinations = DestinationSpec::faults(&token.destinations, &mut places);
            let of_token = of_token.chain(token.permissions().err()).chain(of_destinations);
            faults.extend(of_token.map(|text| format!("{key:?}: {text}")));
        }
        if faults.is_empty() { Ok(()) } else { Err(PlanError::InvalidFile(faults)) }
    }

    /// This file with relative paths of destinations below `folder`.
    #[must_use]
    pub fn relative_to(mut self, folder: &Path) -> Self {
        self.tokens.iter_mut().flat_map(|token| &mut token.destinations).for_each(|spec| spec.relative_to(folder));
        self
    }

    /// The JSON Schema of such a file, for editors.
    pub fn json_schema() -> Value {
        schemars::schema_for!(Self).into()
    }

    /// The same file, with keys as they are in markers.
    pub(crate) fn with_marker_keys(&self) -> Self {
        let mut file = self.clone();
        if let Some(name) = &self.name {
            file.tokens.iter_mut().for_each(|token| token.key = format!("{name}/{}", token.key));
        }
        file
    }

    pub(crate) fn find(&self, key: &str) -> Option<&ManagedToken> {
        self.tokens.iter().find(|token| token.key == key)
    }
}

impl ManagedToken {
    /// The description without the blanks around it, which a marker doesn't keep.
    pub(crate) fn text(&self) -> &str {
        self.description.trim()
    }

    pub(crate) fn overlap(&self) -> Duration {
        self.overlap.as_ref().map_or(Duration::from_secs(24 * 60 * 60), Length::duration)
    }

    pub(crate) fn fixed_expiry(&self) -> Option<UnixMillis> {
        self.expiry.as_deref().and_then(parse_time)
    }

    pub(crate) fn api_version(&self) -> Option<ApiVersion> {
        self.default_api_version.and_then(ApiVersion::from_number)
    }

    /// Its permissions, or what is wrong with them.
    pub(crate) fn permissions(&self) -> Result<Permissions, String> {
        match (&self.role, self.custom_role_ids.as_slice(), &self.inline_role) {
            (Some(role), [], None) => match role.parse() {
                Ok(role @ (BaseRole::Reader | BaseRole::Writer | BaseRole::Admin)) => Ok(Permissions::Role(role)),
                _ => Err("role is not reader, writer or admin".to_owned()),
            },
            (None, roles @ [_, ..], None) => Ok(Permissions::custom_roles(roles)),
            (None, [], Some(policy)) => {
                let policy = Policy::from_json(&policy.to_string()).map_err(|error| format!("inlineRole: {error}"))?;
                Ok(Permissions::Inline(policy))
            }
            _ => Err("a token has one of role, customRoleIds and inlineRole".to_owned()),
        }
    }

    /// The token to create, with this description.
    pub(crate) fn new_token(&self, permissions: Permissions, description: String) -> NewToken {
        let mut new = NewToken::new(permissions).name(&self.name).description(description);
        if self.service_token {
            new = new.service();
        }
        if let Some(version) = self.api_version() {
            new = new.default_api_version(version);
        }
        match (&self.lifetime, self.fixed_expiry()) {
            (Some(lifetime), _) => new.expires_in(lifetime.duration()),
            (None, Some(expiry)) => new.expires_at(expiry),
            (None, None) => new,
        }
    }
}
