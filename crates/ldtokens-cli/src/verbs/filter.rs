//! `--filter`, `--sort` and similar options: selects and orders tokens by their fields.

use std::cmp::Ordering;

use ldtokens::UnixMillis;
use ldtokens_plan::is_id;
use serde_json::Value;

use crate::account::connect::Session;
use crate::moment::{date, duration, is_date, moment};
use crate::nearest::did_you_mean;
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::output::field::{Field, plain, roles};

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
    operator: Operator,
    wanted: Wanted,
}

/// The value that a field is compared with.
#[derive(Clone, Debug)]
enum Wanted {
    Absent,
    Number(i64),
    Text(String),
}

#[derive(Clone, Copy, Debug)]
enum Operator {
    Is,
    IsNot,
    Contains,
    /// Which number is greater.
    Ordered(fn(&i64, &i64) -> bool),
}

const OPERATORS: [(&str, Operator, &str); 7] = [
    ("!=", Operator::IsNot, "is not"),
    ("<=", Operator::Ordered(i64::le), "at most"),
    (">=", Operator::Ordered(i64::ge), "at least"),
    ("=", Operator::Is, "is"),
    ("~", Operator::Contains, "contains, in any case"),
    ("<", Operator::Ordered(i64::lt), "less, or earlier"),
    (">", Operator::Ordered(i64::gt), "more, or later"),
];

/// Operators of other languages, and the ones to use here.
const ELSEWHERE: [(&str, &str); 7] =
    [("==", "="), ("===", "="), ("~=", "~"), ("=~", "~"), ("<>", "!="), ("=<", "<="), ("=>", ">=")];

impl Operator {
    fn fits(self, field: &Field) -> bool {
        match self {
            Self::Contains => !field.is_number() && !is_boolean(field),
            Self::Ordered(_) => field.is_number(),
            Self::Is | Self::IsNot => true,
        }
    }
}

/// The operators that `field` has, and their meanings.
pub(crate) fn signs(field: &Field) -> impl Iterator<Item = (&'static str, &'static str)> {
    OPERATORS.into_iter().filter(move |(_, operator, _)| operator.fits(field)).map(|(sign, _, meaning)| (sign, meaning))
}

/// The field, the operator and the value of a condition, if it has an operator.
pub(crate) fn split(text: &str) -> Option<(&str, &'static str, &str)> {
    let (field, sign, _, value) = parts(text).ok()?;
    Some((field, sign, value))
}

fn parts(text: &str) -> Result<(&str, &'static str, Operator, &str), String> {
    const SIGNS: [char; 5] = ['!', '<', '>', '=', '~'];
    let form = || format!("a filter reads {FORM}");
    let (name, rest) = text.split_at(text.find(SIGNS).ok_or_else(form)?);
    let value = rest.trim_start_matches(SIGNS);
    let written = &rest[..rest.len() - value.len()];
    match OPERATORS.iter().find(|(sign, ..)| *sign == written) {
        Some((sign, operator, _)) => Ok((name.trim(), sign, *operator, value.trim())),
        None => Err(match ELSEWHERE.iter().find(|(other, _)| *other == written) {
            Some((_, right)) => format!("there is no operator `{written}`; did you mean `{name}{right}{value}`?"),
            None => format!("there is no operator `{written}`; {}", form()),
        }),
    }
}

impl Filter {
    /// Reads a condition.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let (name, sign, operator, value) = parts(text)?;
        let field = Field::new(name)?;
        if !operator.fits(&field) {
            let signs: Vec<_> = signs(&field).map(|(sign, _)| sign).collect();
            return Err(format!("{name} can't be compared by {sign}, only by {}", signs.join(" ")));
        }
        let wanted = wanted(&field, operator, value)?;
        Ok(Self { text: text.trim().to_owned(), field, or_created: false, operator, wanted })
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
        let Self { field, operator, wanted: Wanted::Text(text), .. } = self else { return None };
        let is_other = |known: &&str| match operator {
            Operator::Contains => known.contains(&text.to_lowercase()),
            _ => known == text,
        };
        let is_role = match field.name() {
            "customRoleIds" => true,
            "access" => !field.values().iter().chain(&OTHER_ROLES).chain(&OTHER_ACCESS).any(is_other),
            _ => false,
        };
        is_role.then_some(text)
    }

    /// Not used since then. A token that was never used counts from its creation.
    pub(crate) fn not_used_since(moment: UnixMillis) -> Self {
        Self { or_created: true, ..Self::before("lastUsed", moment) }
    }

    /// The time `field` is before then. A token that has no such time does not match.
    pub(crate) fn before(field: &str, moment: UnixMillis) -> Self {
        Self::of_time(field, "<", i64::lt, moment)
    }

    /// The time `field` is not before then.
    pub(crate) fn not_before(field: &str, moment: UnixMillis) -> Self {
        Self::of_time(field, ">=", i64::ge, moment)
    }

    fn of_time(field: &str, sign: &str, is: fn(&i64, &i64) -> bool, moment: UnixMillis) -> Self {
        let text = format!("{field}{sign}{}", date(moment));
        let (field, wanted) = (Field::new(field).expect("it is one"), Wanted::Number(moment.get()));
        Self { text, field, or_created: false, operator: Operator::Ordered(is), wanted }
    }

    /// Whether the token matches all of the filters.
    pub(crate) fn all_match(filters: &[Self], token: &Value) -> bool {
        filters.iter().all(|filter| filter.is_met_by(token))
    }

    /// Whether the token matches.
    fn is_met_by(&self, token: &Value) -> bool {
        // The API writes 0 for "never" (fact 9).
        let is_value = |value: &Value| !(self.field.is_time() && *value == 0);
        let mut value = self.field.value(token).filter(is_value);
        if self.or_created {
            value = value.or_else(|| token.get("creationDate").cloned().filter(is_value));
        }
        if is_boolean(&self.field) && value.is_none() && !matches!(self.wanted, Wanted::Absent) {
            value = Some(false.into());
        }
        match (self.operator, &self.wanted) {
            (Operator::Is, wanted) => equals(value.as_ref(), wanted),
            (Operator::IsNot, wanted) => !equals(value.as_ref(), wanted),
            (Operator::Contains, Wanted::Text(text)) => {
                value.is_some_and(|value| plain(&value).to_lowercase().contains(&text.to_lowercase()))
            }
            (Operator::Ordered(is), Wanted::Number(limit)) => {
                value.and_then(|value| value.as_i64()).is_some_and(|value| is(&value, limit))
            }
            _ => false,
        }
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

fn equals(value: Option<&Value>, wanted: &Wanted) -> bool {
    match (value, wanted) {
        (None, wanted) => matches!(wanted, Wanted::Absent),
        (Some(value), Wanted::Absent) => plain(value).is_empty(),
        (Some(value), Wanted::Number(number)) => value.as_i64() == Some(*number),
        (Some(Value::Array(items)), Wanted::Text(text)) => items.iter().any(|item| plain(item) == *text),
        (Some(value), Wanted::Text(text)) => plain(value) == *text,
    }
}

/// Reads the value, and refuses one that the field can never have.
fn wanted(field: &Field, operator: Operator, value: &str) -> Result<Wanted, String> {
    let name = field.name();
    if value.is_empty() {
        return match operator {
            Operator::Is | Operator::IsNot => Ok(Wanted::Absent),
            _ => Err(format!("{name}: what to compare it with is missing")),
        };
    }
    if field.is_time() {
        return wanted_time(name, operator, value);
    }
    if field.is_number() {
        return value.parse().map(Wanted::Number).map_err(|_| format!("{name} is compared with a whole number"));
    }
    if matches!(operator, Operator::Contains) {
        return Ok(Wanted::Text(value.to_owned()));
    }
    if is_boolean(field) || is_role(name) || name == "kind" {
        let known: Vec<&str> =
            if is_role(name) { roles().iter().copied().chain(OTHER_ROLES).collect() } else { field.values().to_vec() };
        return match known.iter().find(|known| known.eq_ignore_ascii_case(value)) {
            Some(known) => Ok(Wanted::Text((*known).to_owned())),
            None => {
                let hint = did_you_mean(value, known.iter().copied());
                Err(format!("{name} can't be `{value}`{hint} (it is one of {})", known.join(", ")))
            }
        };
    }
    if matches!(name, "_member" | "inlineRole" | "_links") {
        return Err(format!("{name} has parts: compare one of them, as in _member.email=a@example.com, or use ~"));
    }
    Ok(Wanted::Text(value.to_owned()))
}

fn wanted_time(name: &str, operator: Operator, value: &str) -> Result<Wanted, String> {
    let is_equality = !matches!(operator, Operator::Ordered(_));
    if value.eq_ignore_ascii_case("never") {
        return match name {
            "lastUsed" | "expiry" if is_equality => Ok(Wanted::Absent),
            "lastUsed" | "expiry" => Err(format!("never is no time: write {name}=never or {name}!=never")),
            _ => Err(format!("{name} is never `never`; only lastUsed and expiry can be")),
        };
    }
    if duration(value.trim_start_matches('-')).is_ok() {
        let instead = match name {
            "lastUsed" => format!("--unused-for {}", value.trim_start_matches('-')),
            "creationDate" => format!("--older-than {}", value.trim_start_matches('-')),
            "expiry" => format!("--expires-within {}", value.trim_start_matches('-')),
            _ => "a date".to_owned(),
        };
        return Err(format!(
            "{name} is compared with a time, as in {name}<2026-01-31; for a length of time use {instead}"
        ));
    }
    if is_equality && is_date(value) {
        return Err(format!("{name} is exact to the millisecond: give a range, as in {name}>={value}"));
    }
    let moment = moment(value).map_err(|reason| format!("{name} is compared with a time: {reason}"))?;
    Ok(Wanted::Number(moment.get()))
}

fn is_boolean(field: &Field) -> bool {
    field.values() == ["true", "false"]
}

fn is_role(name: &str) -> bool {
    matches!(name, "role" | "_member.role")
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
