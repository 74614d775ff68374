use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A base role, as the API names it.
///
/// The API adds roles without notice, so one that is not known here is kept as [`Role::Other`] and written back as it came.
///
/// ```
/// use ldtokens_client::Role;
/// let page: Vec<Role> = serde_json::from_str(r#"["reader", "astronaut"]"#).unwrap();
/// assert_eq!(page, [Role::Reader, Role::Other("astronaut".into())]);
/// assert_eq!(serde_json::to_string(&page).unwrap(), r#"["reader","astronaut"]"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Sees everything, changes nothing.
    Reader,
    /// Changes flags and their like, but no members, tokens or account settings.
    Writer,
    /// Does everything that is not kept for the owner.
    Admin,
    /// The account's owner. No token is given this role; members have it.
    Owner,
    /// A role that this version does not know, as the API wrote it.
    Other(String),
}

impl Role {
    /// The role as the API writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Role::Reader => "reader",
            Role::Writer => "writer",
            Role::Admin => "admin",
            Role::Owner => "owner",
            Role::Other(name) => name,
        }
    }
}

impl From<&str> for Role {
    fn from(name: &str) -> Self {
        match name {
            "reader" => Role::Reader,
            "writer" => Role::Writer,
            "admin" => Role::Admin,
            "owner" => Role::Owner,
            other => Role::Other(other.to_owned()),
        }
    }
}

impl FromStr for Role {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(name.into())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer).map(|name| Role::from(&*name))
    }
}

impl JsonSchema for Role {
    fn schema_name() -> Cow<'static, str> {
        "Role".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A base role. The API adds roles; keep one you do not know." })
    }
}
