//! `--filter`, `--sort` and similar options: selects and orders tokens by their fields.

use std::cmp::Ordering;

use ldtokens::UnixMillis;
use ldtokens_plan::is_id;
use serde_json::Value;

use crate::account::Session;
use crate::moment::{date, duration, is_date, moment};
use crate::nearest::did_you_mean;
use crate::terminal::{Failure, Field, Kind, plain, roles};

/// The syntax of a filter, for help and errors.
pub(crate) const FORM: &str = "FIELD=VALUE, FIELD!=VALUE, FIELD~TEXT (contains, in any case), or FIELD<VALUE, <=, >, >= for \
    numbers and times; a time is a date like 2026-01-31 (0:00 UTC), a time like 2026-01-31T12:00:00+01:00 (UTC if it has no offset), or a Unix \
    time in milliseconds; lastUsed=never is true of tokens that were never used, and FIELD= of what is absent";

/// Base roles that the API returns besides those that a new token can have.
const OTHER_ROLES: [&str; 2] = ["owner", "no_access"];

/// A condition: a field compared with a value.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    /// How messages speak of it.
    text: String,
    field: Field,
    /// Whether a token without that time has that of its creation in its place.
    or_created: bool,
    is_negated: bool,
    test: Test,
}

/// What the field's value is to be.
#[derive(Clone, Debug)]
enum Test {
    Absent,
    Is(String),
    /// In any case.
    Contains(String),
    /// A number or time, so ordered beside this one.
    Compared(fn(Ordering) -> bool, i64),
}

/// The operators, and their meanings.
const OPERATORS: [(&str, &str); 7] = [
    ("!=", "is not"),
    ("<=", "at most"),
    (">=", "at least"),
    ("=", "is"),
    ("~", "contains, in any case"),
    ("<", "less, or earlier"),
    (">", "more, or later"),
];

/// Operators of other languages, and the ones to use here.
const ELSEWHERE: [(&str, &str); 7] =
    [("==", "="), ("===", "="), ("~=", "~"), ("=~", "~"), ("<>", "!="), ("=<", "<="), ("=>", ">=")];

/// The operators that `field` has, and their meanings.
pub(crate) fn signs(field: &Field) -> impl Iterator<Item = (&'static str, &'static str)> {
    OPERATORS.into_iter().filter(move |(sign, _)| match *sign {
        "=" | "!=" => true,
        "~" => !field.is_number() && !is_boolean(field),
        _ => field.is_number(),
    })
}

/// The field, the operator and the value of a condition.
pub(crate) fn split(text: &str) -> Result<(&str, &'static str, &str), String> {
    const SIGNS: [char; 5] = ['!', '<', '>', '=', '~'];
    let form = || format!("a filter reads {FORM}");
    let (name, rest) = text.split_at(text.find(SIGNS).ok_or_else(form)?);
    let value = rest.trim_start_matches(SIGNS);
    let written = &rest[..rest.len() - value.len()];
    match OPERATORS.iter().find(|(sign, _)| *sign == written) {
        Some((sign, _)) => Ok((name.trim(), sign, value.trim())),
        None => Err(match ELSEWHERE.iter().find(|(other, _)| *other == written) {
            Some((_, right)) => format!("there is no operator `{written}`; did you mean `{name}{right}{value}`?"),
            None => format!("there is no operator `{written}`; {}", form()),
        }),
    }
}

impl Filter {
    /// Reads a condition.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let (name, sign, value) = split(text)?;
        let field = Field::new(name)?;
        if !signs(&field).any(|(known, _)| known == sign) {
            let signs: Vec<_> = signs(&field).map(|(sign, _)| sign).collect();
            return Err(format!("{name} can't be compared by {sign}, only by {}", signs.join(" ")));
        }
        let test = test(&field, sign, value)?;
        Ok(Self { text: text.trim().to_owned(), field, or_created: false, is_negated: sign == "!=", test })
    }

    /// Compares the time `field`. A token that has no such time does not match.
    pub(crate) fn of_time(field: &str, sign: &str, moment: UnixMillis) -> Self {
        let text = format!("{field}{sign}{}", date(moment));
        let (field, test) = (Field::new(field).expect("it is one"), Test::Compared(order(sign), moment.get()));
        Self { text, field, or_created: false, is_negated: false, test }
    }

    /// Not used since then. A token that was never used counts from its creation.
    pub(crate) fn not_used_since(moment: UnixMillis) -> Self {
        Self { or_created: true, ..Self::of_time("lastUsed", "<", moment) }
    }

    /// The filters with the IDs of custom roles in the place of their keys. A key that is not known is an error: compared with IDs,
    /// it would match the wrong tokens.
    pub(crate) async fn resolved(session: &Session, mut filters: Vec<Self>) -> Result<Vec<Self>, Failure> {
        for filter in &mut filters {
            let Some(text) = filter.custom_role() else { continue };
            match session.custom_roles_if_read().await? {
                Ok(roles) if roles.has(text) => *text = roles.id(text).to_owned(),
                // An ID needs no looking up, and a dry run only shows the request.
                _ if is_id(text) => {}
                Err(failure) if failure.kind() == Kind::DryRun => {}
                Err(failure) => return Err(failure.clone().within(format!("the custom role `{text}` of a filter"))),
                Ok(_) => {
                    let text = format!(
                        "the custom role `{text}` of a filter is not known: the account has none with this key or ID, or this \
                         credential may not read custom roles; then give its ID"
                    );
                    return Err(Failure::usage(text));
                }
            }
        }
        Ok(filters)
    }

    /// The key or ID of a custom role that tokens are compared with, if they are.
    pub(crate) fn custom_role(&mut self) -> Option<&mut String> {
        const OTHER_ACCESS: [&str; 2] = ["none", "policy"];
        let is_other = |known: &&str| match &self.test {
            Test::Contains(text) => known.contains(&text.to_lowercase()),
            Test::Is(text) => known == text,
            _ => false,
        };
        let is_role = match self.field.name() {
            "customRoleIds" => true,
            "access" => !self.field.values().iter().chain(&OTHER_ROLES).chain(&OTHER_ACCESS).any(is_other),
            _ => false,
        };
        match &mut self.test {
            Test::Is(text) | Test::Contains(text) if is_role => Some(text),
            _ => None,
        }
    }

    /// Whether the token matches all of the filters.
    pub(crate) fn all_match(filters: &[Self], token: &Value) -> bool {
        filters.iter().all(|filter| filter.is_met_by(token))
    }

    /// Whether the token matches.
    fn is_met_by(&self, token: &Value) -> bool {
        // The API writes 0 for "never" (fact 9).
        let is_value = |value: &Value| !(self.field.is_time() && *value == 0);
        let usual = match &self.test {
            Test::Absent => None,
            _ if self.or_created => token.get("creationDate").cloned().filter(is_value),
            _ => is_boolean(&self.field).then_some(Value::Bool(false)),
        };
        let value = self.field.value(token).filter(is_value).or(usual);
        let is_met = match (&self.test, &value) {
            (Test::Absent, value) => value.as_ref().is_none_or(|value| plain(value).is_empty()),
            (_, None) => false,
            (Test::Is(text), Some(Value::Array(items))) => items.iter().any(|item| plain(item) == *text),
            (Test::Is(text), Some(value)) => plain(value) == *text,
            (Test::Contains(text), Some(value)) => plain(value).to_lowercase().contains(&text.to_lowercase()),
            (Test::Compared(is, limit), Some(value)) => value.as_i64().is_some_and(|value| is(value.cmp(limit))),
        };
        is_met != self.is_negated
    }
}

/// "no token matches" and the conditions.
pub(crate) fn nothing_matches(filters: &[Filter]) -> String {
    let texts: Vec<&str> = filters.iter().map(|filter| filter.text.as_str()).collect();
    match &texts[..] {
        [] => "there are no tokens".to_owned(),
        texts => format!("no token matches {}", texts.join(" and ")),
    }
}

/// The order that an operator means.
fn order(sign: &str) -> fn(Ordering) -> bool {
    match sign {
        "<" => Ordering::is_lt,
        "<=" => Ordering::is_le,
        ">" => Ordering::is_gt,
        _ => Ordering::is_ge,
    }
}

/// Reads the value, and refuses one that the field can never have.
fn test(field: &Field, sign: &str, value: &str) -> Result<Test, String> {
    let name = field.name();
    let is_equality = matches!(sign, "=" | "!=");
    if value.is_empty() {
        return match is_equality {
            true => Ok(Test::Absent),
            false => Err(format!("{name}: what to compare it with is missing")),
        };
    }
    if field.is_number() {
        let number = match (field.is_time(), value.eq_ignore_ascii_case("never")) {
            (true, true) if !matches!(name, "lastUsed" | "expiry") => {
                return Err(format!("{name} is never `never`; only lastUsed and expiry can be"));
            }
            (true, true) if is_equality => return Ok(Test::Absent),
            (true, true) => return Err(format!("never is no time: write {name}=never or {name}!=never")),
            (true, false) => time(name, is_equality, value)?.get(),
            (false, _) => value.parse().map_err(|_| format!("{name} is compared with a whole number"))?,
        };
        return Ok(if is_equality { Test::Is(number.to_string()) } else { Test::Compared(order(sign), number) });
    }
    if sign == "~" {
        return Ok(Test::Contains(value.to_owned()));
    }
    let known: Vec<&str> = match name {
        "role" | "_member.role" => roles().iter().copied().chain(OTHER_ROLES).collect(),
        _ if is_boolean(field) || name == "kind" => field.values().to_vec(),
        "_member" | "inlineRole" | "_links" => {
            return Err(format!("{name} has parts: compare one of them, as in _member.email=a@example.com, or use ~"));
        }
        _ => return Ok(Test::Is(value.to_owned())),
    };
    let found = known.iter().find(|known| known.eq_ignore_ascii_case(value));
    found.map(|known| Test::Is((*known).to_owned())).ok_or_else(|| {
        let hint = did_you_mean(value, known.iter().copied());
        format!("{name} can't be `{value}`{hint} (it is one of {})", known.join(", "))
    })
}

fn time(name: &str, is_equality: bool, value: &str) -> Result<UnixMillis, String> {
    let length = value.trim_start_matches('-');
    if duration(length).is_ok() {
        let instead = match name {
            "lastUsed" => format!("--unused-for {length}"),
            "creationDate" => format!("--older-than {length}"),
            "expiry" => format!("--expires-within {length}"),
            _ => "a date".to_owned(),
        };
        return Err(format!(
            "{name} is compared with a time, as in {name}<2026-01-31; for a length of time use {instead}"
        ));
    }
    if is_equality && is_date(value) {
        return Err(format!("{name} is exact to the millisecond: give a range, as in {name}>={value}"));
    }
    moment(value).map_err(|reason| format!("{name} is compared with a time: {reason}"))
}

fn is_boolean(field: &Field) -> bool {
    field.values() == ["true", "false"]
}

/// One field of `--sort`.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    field: Field,
    is_reversed: bool,
}

impl Order {
    /// Reads the name of a field; a leading `-` reverses the order.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let (name, is_reversed) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        Ok(Self { field: Field::new(name)?, is_reversed })
    }

    /// Compares numbers by size and texts without regard to case. Absent values come last.
    pub(crate) fn compare(&self, a: &Value, b: &Value) -> Ordering {
        let (a, b) = (self.field.value(a), self.field.value(b));
        let (Some(a), Some(b)) = (&a, &b) else { return a.is_none().cmp(&b.is_none()) };
        let order = match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => plain(a).to_lowercase().cmp(&plain(b).to_lowercase()),
        };
        if self.is_reversed { order.reverse() } else { order }
    }
}

#[cfg(test)]
#[path = "../../tests/unit/filter.rs"]
mod tests;
