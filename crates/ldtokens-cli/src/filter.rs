//! `--filter`: which tokens are meant, by what is in them.

use std::cmp::Ordering;

use jiff::Timestamp;
use ldtokens::UnixMillis;
use serde_json::Value;

use crate::arguments::signed_duration;
use crate::output::field::{Field, plain};

/// What a filter reads like, for help and errors.
pub(crate) const FORM: &str = "FIELD=VALUE, FIELD!=VALUE, FIELD~TEXT (contains, in any case), or FIELD<VALUE, <=, >, >= ; a \
    time is a date like 2026-01-31, a Unix time in milliseconds, or an age like 90d; FIELD= is true of what is absent";

/// One condition.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    field: Field,
    operator: Operator,
    value: String,
    /// The value as a number or a moment, where it is one.
    number: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Is,
    IsNot,
    Contains,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// The longer ones first.
const OPERATORS: [(&str, Operator, &str); 7] = [
    ("!=", Operator::IsNot, "is not"),
    ("<=", Operator::AtMost, "at most"),
    (">=", Operator::AtLeast, "at least"),
    ("=", Operator::Is, "is"),
    ("~", Operator::Contains, "contains, in any case"),
    ("<", Operator::Less, "less, or earlier"),
    (">", Operator::More, "more, or later"),
];

impl Operator {
    /// Whether it asks which of two is greater.
    fn is_ordered(self) -> bool {
        matches!(self, Self::Less | Self::AtMost | Self::More | Self::AtLeast)
    }
}

/// What `field` can be compared by, and what that means.
pub(crate) fn signs(field: &Field) -> impl Iterator<Item = (&'static str, &'static str)> {
    let is_fit = |operator: Operator| match operator {
        Operator::Contains => !field.is_number(),
        operator => field.is_number() || !operator.is_ordered(),
    };
    OPERATORS.into_iter().filter(move |(_, operator, _)| is_fit(*operator)).map(|(sign, _, meaning)| (sign, meaning))
}

/// The field, the sign and the value of a condition that has a sign.
pub(crate) fn split(text: &str) -> Option<(&str, &'static str, &str)> {
    let (field, sign, _, value) = parts(text)?;
    Some((field, sign, value))
}

fn parts(text: &str) -> Option<(&str, &'static str, Operator, &str)> {
    let (name, rest) = text.split_at(text.find(['!', '<', '>', '=', '~'])?);
    let (sign, operator, _) = OPERATORS.iter().find(|(sign, ..)| rest.starts_with(sign))?;
    Some((name.trim(), sign, *operator, rest[sign.len()..].trim()))
}

impl Filter {
    /// Reads a condition; `now` is what ages are counted from.
    pub(crate) fn new(text: &str, now: UnixMillis) -> Result<Self, String> {
        let (name, _, operator, value) = parts(text).ok_or_else(|| format!("a filter reads {FORM}"))?;
        let field = Field::new(name)?;
        let number = if field.is_time() { moment(value, now) } else { value.parse().ok() };
        if (operator.is_ordered() || field.is_time() && !value.is_empty()) && number.is_none() {
            let what =
                if field.is_time() { "a date, a Unix time in milliseconds, or an age like 90d" } else { "a number" };
            return Err(format!("{name} is compared with {what}"));
        }
        Ok(Self { field, operator, value: value.to_owned(), number })
    }

    /// Whether the token is one of those that are meant.
    pub(crate) fn is_met_by(&self, token: &Value) -> bool {
        let value = self.field.value(token);
        match self.operator {
            Operator::Is => self.equals(value.as_ref()),
            Operator::IsNot => !self.equals(value.as_ref()),
            Operator::Contains => {
                value.is_some_and(|value| plain(&value).to_lowercase().contains(&self.value.to_lowercase()))
            }
            operator => {
                value.and_then(|value| value.as_i64()).zip(self.number).is_some_and(|(value, limit)| match operator {
                    Operator::Less => value < limit,
                    Operator::AtMost => value <= limit,
                    Operator::More => value > limit,
                    _ => value >= limit,
                })
            }
        }
    }

    fn equals(&self, value: Option<&Value>) -> bool {
        match value {
            None => self.value.is_empty(),
            Some(Value::Array(items)) if !self.value.is_empty() => items.iter().any(|item| plain(item) == self.value),
            Some(value) if self.field.is_time() => value.as_i64() == self.number,
            Some(value) => plain(value) == self.value,
        }
    }
}

/// A Unix time in milliseconds, a date, or an age before `now`.
fn moment(text: &str, now: UnixMillis) -> Option<i64> {
    if let Ok(millis) = text.parse() {
        return Some(millis);
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    if let Ok(date) = text.parse::<jiff::civil::Date>() {
        return Some(jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?.as_millisecond());
    }
    let age = signed_duration(text).ok()?;
    now.get().checked_sub(i64::try_from(age.as_millis()).ok()?)
}

/// What `--sort` goes by.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    field: Field,
    is_reversed: bool,
}

impl Order {
    /// Reads the name of a field, with a `-` before it for the greatest first.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let (name, is_reversed) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        Ok(Self { field: Field::new(name)?, is_reversed })
    }

    /// Numbers by size, texts by letters whatever their case; what is absent comes last.
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
mod tests {
    use ldtokens::UnixMillis;
    use serde_json::{Value, json};

    use super::{Filter, Order};

    const DAY: i64 = 86_400_000;
    const NOW: i64 = 1_000 * DAY;

    fn token() -> Value {
        json!({
            "_id": "a", "name": "Nightly Export", "role": "reader", "serviceToken": true, "lastUsed": NOW - 100 * DAY,
            "customRoleIds": ["ops", "dev"], "_member": {"email": "a@example.com"}, "defaultApiVersion": 20240415
        })
    }

    #[test]
    fn a_condition_is_met_or_not() {
        for (text, met) in [
            ("role=reader", true),
            ("role=writer", false),
            ("role!=writer", true),
            ("name~export", true),
            ("name~EXPORT", true),
            ("name~import", false),
            ("name = Nightly Export", true),
            ("description=", true),
            ("description!=", false),
            ("name=", false),
            ("serviceToken=true", true),
            ("kind=service", true),
            ("reach=reader", true),
            ("customRoleIds=ops", true),
            ("customRoleIds=qa", false),
            ("_member.email~@example.com", true),
            ("lastUsed<90d", true),
            ("lastUsed<101d", false),
            ("lastUsed>=2000-01-01", false),
            ("lastUsed<2000-01-01T00:00:00Z", true),
            ("creationDate<90d", false),
            ("creationDate=", true),
            ("defaultApiVersion>=20220603", true),
            ("name=a=b", false),
        ] {
            let filter = Filter::new(text, UnixMillis::new(NOW)).unwrap();
            assert_eq!(filter.is_met_by(&token()), met, "{text}");
        }
    }

    #[test]
    fn what_can_never_be_met_is_refused() {
        for text in ["role", "colour=red", "lastUsed<soon", "lastUsed=soon", "name<x", "=x", "role!reader"] {
            assert!(Filter::new(text, UnixMillis::new(NOW)).is_err(), "{text}");
        }
    }

    #[test]
    fn an_order_puts_what_is_absent_last() {
        let mut tokens = [json!({"name": "b"}), json!({}), json!({"name": "A"})];
        tokens.sort_by(|a, b| Order::new("name").unwrap().compare(a, b));
        assert_eq!(tokens, [json!({"name": "A"}), json!({"name": "b"}), json!({})]);
        tokens.sort_by(|a, b| Order::new("-name").unwrap().compare(a, b));
        assert_eq!(tokens, [json!({"name": "b"}), json!({"name": "A"}), json!({})]);
    }
}
