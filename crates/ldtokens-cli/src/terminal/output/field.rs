//! The fields to show, filter and sort by: a token's properties, with the API's names, and those that are computed.

use ldtokens::{Secret, UnixMillis};
use ldtokens_operations::{OPERATIONS, ParameterSpec, TOKEN, ValueType};
use serde_json::{Map, Value};

use crate::moment::{ago, date};
use crate::nearest::did_you_mean;

/// The default columns of a table, as `--columns` takes them.
const IN_TABLES: &str = "_id,name,access,kind,expiry,token,lastUsed";

/// Those of a table of all members' tokens: it also says whose a token is, and how old.
const IN_WIDE_TABLES: &str = "_id,name,access,owner,lastUsed,creationDate,expiry,kind,token";

/// The fields that are computed, with their descriptions.
const COMPUTED: [(&str, &str); 3] = [
    ("access", "The token's permissions in short: its role, `policy`, or its custom roles."),
    ("kind", "Whether it is a service token or a personal one."),
    ("owner", "The member whose token it is, or who created it: by e-mail or name."),
];

/// What people type for the member's e-mail.
const EMAIL: (&str, &str) = ("email", "The member's e-mail.");

/// Absent if the token never expires.
pub(crate) const EXPIRY: &str = "expiry";

/// The secret, or its last four characters.
const SECRET: &str = "token";

/// How a time that is absent is shown.
pub(crate) const NEVER: &str = "never";

/// A property of a token, or a nested one such as `_member.email`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    name: String,
    kind: ValueType,
}

impl Field {
    pub(crate) fn new(name: &str) -> Result<Self, String> {
        let name = if name == EMAIL.0 { "_member.email" } else { name };
        let computed = COMPUTED.iter().any(|(known, _)| *known == name).then_some(ValueType::Text);
        if let Some(kind) = computed.or_else(|| kind_of(name, TOKEN)) {
            return Ok(Self { name: name.to_owned(), kind });
        }
        let names: Vec<String> = Self::described().map(|(known, _)| known).collect();
        // A nested field is a misspelled one of the same property, if that has any.
        let property = name.split_once('.').map(|(property, _)| format!("{property}."));
        let has_parts = |property: &String| names.iter().any(|known| known.starts_with(property.as_str()));
        let known: Vec<&str> = match property.filter(has_parts) {
            Some(property) => names.iter().filter(|known| known.starts_with(&property)).map(String::as_str).collect(),
            None => names.iter().filter(|known| !known.contains('.')).map(String::as_str).collect(),
        };
        // `ownerId` is the account's owner, the same on every token: nobody who mistypes `owner` means it.
        let may_mean = |known: &&str| *known != "ownerId" || name.to_lowercase().ends_with("id");
        let hint = did_you_mean(name, known.iter().copied().filter(may_mean));
        Err(format!("there is no field `{name}`{hint} (fields: {})", known.join(", ")))
    }

    /// A property of something that is not a token.
    pub(crate) fn text(name: &str) -> Self {
        Self { name: name.to_owned(), kind: ValueType::Text }
    }

    /// The fields of a comma-separated list of names.
    pub(crate) fn list(names: &str) -> Result<Vec<Self>, String> {
        names.split(',').map(|name| Self::new(name.trim())).collect()
    }

    /// The default columns of a table, or of one of all members' tokens.
    pub(crate) fn in_tables(is_wide: bool) -> Vec<Self> {
        Self::list(if is_wide { IN_WIDE_TABLES } else { IN_TABLES }).expect("they are fields")
    }

    /// The default columns of CSV: those of the API that have one value, also the parts of others.
    pub(crate) fn in_csv() -> Vec<Self> {
        let known = TOKEN.iter().map(|known| Self { name: known.name.to_owned(), kind: known.value_type });
        let fields = known.flat_map(|field| field.flattened());
        fields.filter(|field| !field.kind.is_json() || field.name == "customRoleIds").collect()
    }

    /// The field, or its parts if it has any.
    pub(crate) fn flattened(&self) -> Vec<Self> {
        let ValueType::Object(parts @ [_, ..]) = self.kind else { return vec![self.clone()] };
        let parts = parts.iter().filter(|part| part.name != "_links");
        parts.map(|part| Self { name: format!("{}.{}", self.name, part.name), kind: part.value_type }).collect()
    }

    /// The column's name in CSV: `member_email` for `_member.email`.
    pub(crate) fn csv_name(&self) -> String {
        match self.name.split_once('.') {
            Some((property, part)) => format!("{}_{}", property.trim_start_matches('_'), part.trim_start_matches('_')),
            None => self.name.clone(),
        }
    }

    /// All names with their descriptions, also of nested fields.
    pub(crate) fn described() -> impl Iterator<Item = (String, &'static str)> {
        let of_api = TOKEN.iter().flat_map(|known| {
            let example: Map<String, Value> = serde_json::from_str(known.example).unwrap_or_default();
            let parts = example.into_iter().map(|(part, _)| format!("{}.{part}", known.name));
            std::iter::once(known.name.to_owned()).chain(parts).map(|name| (name, known.description))
        });
        of_api.chain(COMPUTED.into_iter().chain([EMAIL]).map(|(name, meaning)| (name.to_owned(), meaning)))
    }

    /// The possible values, if they are known.
    pub(crate) fn values(&self) -> &'static [&'static str] {
        match (self.name.as_str(), self.kind) {
            ("kind", _) => &["personal", "service"],
            ("role" | "access", _) => roles(),
            (_, kind) => kind.values(),
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

    /// Whether a narrow table may cut its values. A cut ID or time would be useless.
    pub(crate) fn is_shortened(&self) -> bool {
        !matches!(self.name.as_str(), "_id" | "ownerId" | "memberId" | "kind" | SECRET) && !self.is_time()
    }

    /// The minimum width of its column in a long table, whose later rows are not known yet.
    pub(crate) fn usual_width(&self) -> usize {
        let longest: &[&str] = if self.is_time() { &["11 months ago"] } else { self.values() };
        longest.iter().map(|value| value.len()).max().unwrap_or(0)
    }

    /// The field's value in `token`.
    pub(crate) fn value(&self, token: &Value) -> Option<Value> {
        match self.name.as_str() {
            "access" => Some(access(token).into()),
            "kind" => Some(if token["serviceToken"] == true { "service" } else { "personal" }.into()),
            "owner" => owner(token),
            name => {
                let found = name.split('.').try_fold(token, |value, name| value.get(name))?;
                // 0 if the token was never used (fact 9).
                let is_never = name == "lastUsed" && found.as_f64() == Some(0.0);
                (!found.is_null() && !is_never).then(|| found.clone())
            }
        }
    }

    /// The field's value to be printed for programs. `has_iso_times` writes times as people do.
    pub(crate) fn printed(&self, token: &Value, has_iso_times: bool) -> Option<Value> {
        match self.value(token)? {
            Value::Array(names) if self.name == "owner" => names.into_iter().next(),
            value => match self.time(token) {
                Some(time) if has_iso_times => Some(date(time).into()),
                _ => Some(value),
            },
        }
    }

    /// The time in `token`, if the field is one.
    fn time(&self, token: &Value) -> Option<UnixMillis> {
        self.value(token)?.as_i64().filter(|_| self.is_time()).map(UnixMillis::new)
    }

    /// The column's heading: LAST USED for `lastUsed`.
    pub(crate) fn heading(&self) -> String {
        match self.name.as_str() {
            SECRET => "SECRET".to_owned(),
            EXPIRY => "EXPIRES".to_owned(),
            "creationDate" => "CREATED".to_owned(),
            name => spaced(name.trim_start_matches('_')).replace(['.', '_'], " ").to_ascii_uppercase(),
        }
    }

    /// The field's value in `token`, formatted for people.
    pub(crate) fn cell(&self, token: &Value, now: UnixMillis) -> String {
        match (self.time(token), self.printed(token, false)) {
            (Some(time), _) => ago(time, now),
            (None, None) if self.is_time() => NEVER.to_owned(),
            // A table shows only the end of a full secret.
            (None, Some(Value::String(end))) if self.is_secret() => format!("...{}", Secret::new(end).last_four()),
            (None, value) => value.as_ref().map(plain).unwrap_or_default(),
        }
    }

    /// The same, with the date of a time.
    pub(crate) fn long_cell(&self, token: &Value, now: UnixMillis) -> String {
        let cell = self.cell(token, now);
        self.time(token).map_or_else(|| cell.clone(), |time| format!("{} ({cell})", date(time)))
    }
}

/// The type of the property with this name, or of a nested one. An object whose properties are not known has any.
fn kind_of(name: &str, known: &[ParameterSpec]) -> Option<ValueType> {
    let (name, within) = name.split_once('.').map_or((name, None), |(name, within)| (name, Some(within)));
    let kind = known.iter().find(|known| known.name == name)?.value_type;
    match (within, kind) {
        (None, kind) => Some(kind),
        (Some(within), ValueType::Object([])) => (!within.is_empty()).then_some(ValueType::Any),
        (Some(within), kind) => kind_of(within, kind.properties()),
    }
}

/// The e-mail and the name of the token's member, as far as they are known. The first is shown.
fn owner(token: &Value) -> Option<Value> {
    let text = |name: &str| token["_member"][name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let name = [text("firstName"), text("lastName")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let names: Vec<String> = text("email").into_iter().chain(Some(name).filter(|name| !name.is_empty())).collect();
    (!names.is_empty()).then(|| names.into())
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
    let list = |name: &str| token[name].as_array().map(Vec::as_slice).unwrap_or_default();
    match (token["role"].as_str(), list("customRoleIds")) {
        (Some(role), _) => role.to_owned(),
        (None, []) if list("inlineRole").is_empty() => "none".to_owned(),
        (None, []) => "policy".to_owned(),
        (None, [only]) => plain(only),
        (None, [first, more @ ..]) => format!("{} (+{} more)", plain(first), more.len()),
    }
}

/// The base roles that a token can have, from the table of operations.
pub(crate) fn roles() -> &'static [&'static str] {
    let bodies = OPERATIONS.iter().filter_map(|operation| operation.body.as_ref());
    let mut kinds = bodies.filter_map(|body| kind_of("role", body.value_type.properties()));
    kinds.next().map_or(&[], |kind| kind.values())
}

/// Separates the words of a name: `authKind` becomes `auth kind`.
pub(crate) fn spaced(name: &str) -> String {
    let word =
        |letter: char| letter.is_ascii_uppercase().then_some(' ').into_iter().chain([letter.to_ascii_lowercase()]);
    name.chars().flat_map(word).collect()
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
        for name in ["id", "", "name.x", "lastused"] {
            assert!(Field::new(name).unwrap_err().contains("lastUsed"), "{name}");
        }
        assert!(Field::new("_member.").unwrap_err().contains("_member.email"));
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
        for (name, right) in [("ownr", "`owner`"), ("ownerEmail", "`owner`"), ("owner_id", "`ownerId`")] {
            let error = Field::new(name).unwrap_err();
            assert!(error.contains(&format!("did you mean {right}?")), "{error}");
        }
    }

    #[test]
    fn an_owner_is_a_member_by_email_or_name() {
        let token =
            json!({"ownerId": "x", "_member": {"email": "ann@example.com", "firstName": "Ann", "lastName": "Lee"}});
        let owner = Field::new("owner").unwrap();
        assert_eq!(owner.value(&token), Some(json!(["ann@example.com", "Ann Lee"])));
        assert_eq!(owner.cell(&token, UnixMillis::now()), "ann@example.com");
        assert_eq!(owner.cell(&json!({"_member": {"firstName": "Ann"}}), UnixMillis::now()), "Ann");
        assert_eq!(owner.value(&json!({"_member": {}, "ownerId": "x"})), None);
        assert_eq!(Field::new("email").unwrap().value(&token), Some("ann@example.com".into()));
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
