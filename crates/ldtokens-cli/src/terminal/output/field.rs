//! The fields to show, filter and sort by: a token's properties, with the API's names, and two computed ones.

use ldtokens::UnixMillis;
use serde_json::{Map, Value};

use crate::nearest::did_you_mean;
use crate::operations::parameter::roles;
use crate::terminal::output::age::{age, date};
use ldtokens_client::operations::{TOKEN, ValueType};

/// The default columns of a table.
const IN_TABLES: [&str; 6] = ["_id", "name", ACCESS, KIND, SECRET, LAST_USED];

/// The secret, or its last four characters.
const SECRET: &str = "token";

/// A token's permissions in short. Computed.
const ACCESS: &str = "access";

/// `service` or `personal`. Computed.
const KIND: &str = "kind";

/// 0 if the token was never used (fact 9).
const LAST_USED: &str = "lastUsed";

/// The width of the longest age.
const AGE_WIDTH: usize = "11 months ago".len();

/// A property of a token, or a nested one such as `_member.email`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    name: String,
    kind: ValueType,
}

impl Field {
    /// The field with this name.
    pub(crate) fn new(name: &str) -> Result<Self, String> {
        let (property, within) =
            name.split_once('.').map_or((name, None), |(property, within)| (property, Some(within)));
        let known = TOKEN.iter().find(|known| known.name == property).map(|known| known.value_type);
        let kind = match (known, within) {
            (None, None) if matches!(name, ACCESS | KIND) => ValueType::Text,
            (Some(kind), None) => kind,
            (Some(whole), Some(within)) if whole.is_json() && !within.is_empty() => ValueType::Any,
            _ => {
                let names: Vec<_> = TOKEN.iter().map(|known| known.name).chain([ACCESS, KIND]).collect();
                let hint = did_you_mean(name, names.iter().copied());
                return Err(format!("there is no field `{name}`{hint} (fields: {})", names.join(", ")));
            }
        };
        Ok(Self { name: name.to_owned(), kind })
    }

    /// The fields of a comma-separated list of names.
    pub(crate) fn list(names: &str) -> Result<Vec<Self>, String> {
        names.split(',').map(|name| Self::new(name.trim())).collect()
    }

    /// The default columns of a table.
    pub(crate) fn in_tables() -> Vec<Self> {
        IN_TABLES.map(|name| Self::new(name).expect("it is one")).into()
    }

    /// All fields of the API.
    pub(crate) fn all() -> Vec<Self> {
        TOKEN.iter().map(|known| Self { name: known.name.to_owned(), kind: known.value_type }).collect()
    }

    /// All names with their descriptions, also of nested fields.
    pub(crate) fn described() -> impl Iterator<Item = (String, &'static str)> {
        let of_api = TOKEN.iter().flat_map(|known| {
            let example: Map<String, Value> = serde_json::from_str(known.example).unwrap_or_default();
            let parts = example.into_iter().map(|(part, _)| format!("{}.{part}", known.name));
            std::iter::once(known.name.to_owned()).chain(parts).map(|name| (name, known.description))
        });
        let ours = [
            (ACCESS, "The token's permissions in short: its role, `policy`, or its custom roles."),
            (KIND, "Whether it is a service token or a personal one."),
        ];
        of_api.chain(ours.map(|(name, meaning)| (name.to_owned(), meaning)))
    }

    /// The possible values, if they are known.
    pub(crate) fn values(&self) -> &'static [&'static str] {
        match (self.name.as_str(), self.kind) {
            (KIND, _) => &["personal", "service"],
            ("role" | ACCESS, _) => roles(),
            (_, ValueType::Boolean) => &["true", "false"],
            _ => &[],
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_secret(&self) -> bool {
        self.name == SECRET
    }

    pub(crate) fn is_time(&self) -> bool {
        matches!(self.kind, ValueType::Time)
    }

    /// Whether its values can be compared with `<` and `>`.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self.kind, ValueType::Time | ValueType::Integer { .. })
    }

    /// Whether a narrow table may cut its values. A cut ID would be useless.
    pub(crate) fn is_shortened(&self) -> bool {
        !matches!(self.name.as_str(), "_id" | "ownerId" | "memberId" | SECRET)
    }

    /// The minimum width of its column in a long table, whose later rows are not known yet.
    pub(crate) fn usual_width(&self) -> usize {
        match self.kind {
            ValueType::Time => AGE_WIDTH,
            _ => self.values().iter().map(|value| value.len()).max().unwrap_or(0),
        }
    }

    /// The field's value in `token`.
    pub(crate) fn value(&self, token: &Value) -> Option<Value> {
        match self.name.as_str() {
            ACCESS => Some(access(token).into()),
            KIND => Some(kind(token).into()),
            name => {
                let found = name.split('.').try_fold(token, |value, name| value.get(name))?;
                let is_never = name == LAST_USED && found.as_f64() == Some(0.0);
                (!found.is_null() && !is_never).then(|| found.clone())
            }
        }
    }

    /// The column's heading: LAST USED for `lastUsed`.
    pub(crate) fn heading(&self) -> String {
        if self.is_secret() {
            return "SECRET".to_owned();
        }
        let mut heading = String::new();
        for letter in self.name.trim_start_matches('_').chars() {
            match letter {
                '.' | '_' => heading.push(' '),
                letter if letter.is_ascii_uppercase() && !heading.ends_with(' ') => {
                    heading.extend([' ', letter]);
                }
                letter => heading.push(letter.to_ascii_uppercase()),
            }
        }
        heading
    }

    /// The field's value in `token`, formatted for people.
    pub(crate) fn cell(&self, token: &Value, now: UnixMillis) -> String {
        match (self.value(token), self.kind) {
            (None, ValueType::Time) => "never".to_owned(),
            (Some(moment), ValueType::Time) => {
                moment.as_i64().map(UnixMillis::new).map_or_else(|| plain(&moment), |it| age(it, now))
            }
            (Some(Value::String(end)), _) if self.is_secret() => hidden(&end),
            (value, _) => value.as_ref().map(plain).unwrap_or_default(),
        }
    }

    /// The same, with the date of a time.
    pub(crate) fn long_cell(&self, token: &Value, now: UnixMillis) -> String {
        let cell = self.cell(token, now);
        match self.value(token).and_then(|value| value.as_i64()) {
            Some(moment) if self.is_time() => format!("{} ({cell})", date(UnixMillis::new(moment))),
            _ => cell,
        }
    }
}

/// A table shows only the end of a full secret.
fn hidden(secret: &str) -> String {
    format!("...{}", ldtokens::Secret::new(secret).last_four())
}

/// A value as text; objects and mixed arrays are JSON.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}

/// The token's permissions in short: its role, `policy`, or its first custom role and the number of others.
pub(crate) fn access(token: &Value) -> String {
    let list = |name: &str| token.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    match (token.get("role").and_then(Value::as_str), list("customRoleIds")) {
        (Some(role), _) => role.to_owned(),
        (None, []) if list("inlineRole").is_empty() => "none".to_owned(),
        (None, []) => "policy".to_owned(),
        (None, [only]) => plain(only),
        (None, [first, more @ ..]) => format!("{} (+{} more)", plain(first), more.len()),
    }
}

fn kind(token: &Value) -> &'static str {
    if token.get("serviceToken").is_some_and(|service| service == true) { "service" } else { "personal" }
}

/// Separates the words of a name: `authKind` becomes `auth kind`.
pub(crate) fn spaced(name: &str) -> String {
    let mut spaced = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            spaced.push(' ');
        }
        spaced.push(letter.to_ascii_lowercase());
    }
    spaced
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Field, UnixMillis, access};

    #[test]
    fn a_field_is_a_property_a_nested_property_or_a_computed_one() {
        for (name, heading) in
            [("_id", "ID"), ("lastUsed", "LAST USED"), ("_member.email", "MEMBER EMAIL"), ("access", "ACCESS")]
        {
            assert_eq!(Field::new(name).unwrap().heading(), heading);
        }
        for name in ["id", "", "name.x", "_member.", "lastused"] {
            assert!(Field::new(name).unwrap_err().contains("lastUsed"), "{name}");
        }
        let token = json!({"_member": {"email": "a@b"}, "name": null});
        assert_eq!(Field::new("_member.email").unwrap().value(&token), Some("a@b".into()));
        assert_eq!(Field::new("name").unwrap().value(&token), None);
    }

    #[test]
    fn a_misspelled_field_gets_a_suggestion() {
        for (name, right) in [("id", "_id"), ("lastused", "lastUsed"), ("last_used", "lastUsed"), ("nmae", "name")] {
            let error = Field::new(name).unwrap_err();
            assert!(error.contains(&format!("did you mean `{right}`?")), "{error}");
        }
        assert!(!Field::new("colour").unwrap_err().contains("did you mean"));
    }

    #[test]
    fn a_token_that_was_last_used_in_1970_was_never_used() {
        let field = Field::new("lastUsed").unwrap();
        let token = json!({"lastUsed": 0, "creationDate": 1});
        assert_eq!((field.value(&token), field.cell(&token, UnixMillis::now())), (None, "never".to_owned()));
        assert!(Field::new("creationDate").unwrap().value(&token).is_some());
    }

    #[test]
    fn access_is_the_role_or_policy_or_custom_roles() {
        for (token, word) in [
            (json!({"role": "reader"}), "reader"),
            (json!({"customRoleIds": ["ops"]}), "ops"),
            (json!({"customRoleIds": ["ops", "dev", "qa"]}), "ops (+2 more)"),
            (json!({"inlineRole": [{}]}), "policy"),
            (json!({}), "none"),
        ] {
            assert_eq!(access(&token), word);
        }
    }
}
