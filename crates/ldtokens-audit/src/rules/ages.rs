//! Rules about times: use, age, expiry, API versions.

use jiff::civil::{Date, date};
use ldtokens::{Token, UnixMillis};

use crate::date::{day, day_and_age, moment};
use crate::rule::Severity;
use crate::rules::{Context, Detail};

/// The start of the note in a description with the time of the token's last rotation, which `ldtokens rotate` writes.
const ROTATION_NOTE: &str = "[ldtokens rotated ";

/// The API's retired versions, and the days on which their lives ended (fact 16).
const RETIRED: [(i64, Date); 4] = [
    (20_160_426, date(2020, 12, 12)),
    (20_191_212, date(2022, 7, 29)),
    (20_210_729, date(2023, 6, 3)),
    (20_220_603, date(2025, 4, 15)),
];

/// When the token was last used. 0 means never (fact 9).
pub(crate) fn last_used(token: &Token) -> Option<UnixMillis> {
    token.last_used.filter(|used| used.get() != 0)
}

pub(crate) fn unused(context: &Context<'_>, token: &Token) -> Option<Detail> {
    let used = last_used(token)?;
    let window = context.thresholds.unused;
    let is_unused = context.is_past(token.creation_date, window) && context.is_past(used, window);
    is_unused.then(|| (None, format!("Last used on {}.", day_and_age(used, context.now))))
}

pub(crate) fn never_used(context: &Context<'_>, token: &Token) -> Option<Detail> {
    let created = token.creation_date;
    let is_unused = last_used(token).is_none() && context.is_past(created, context.thresholds.never_used);
    is_unused.then(|| (None, format!("Created on {}, and never used.", day_and_age(created, context.now))))
}

/// Since when the token has its secret: since the rotation that its description notes, or else since it was created.
pub(crate) fn secret_since(token: &Token) -> UnixMillis {
    let note = token.description.as_deref().and_then(|description| description.split_once(ROTATION_NOTE));
    let rotated = note.and_then(|(_, rest)| moment(rest.split_once(']')?.0));
    // A note of before the token existed was copied from another.
    rotated.map_or(token.creation_date, |rotated| rotated.max(token.creation_date))
}

pub(crate) fn old_secret(context: &Context<'_>, token: &Token) -> Option<Detail> {
    let since = secret_since(token);
    let is_old = context.is_past(since, context.thresholds.old_secret);
    is_old.then(|| (None, format!("Its secret is of {}.", day_and_age(since, context.now))))
}

pub(crate) fn no_expiry(_: &Context<'_>, token: &Token) -> Option<Detail> {
    token.expiry.is_none().then(|| (None, "It never expires.".to_owned()))
}

pub(crate) fn expiring(context: &Context<'_>, token: &Token) -> Option<Detail> {
    let end = token.expiry.filter(|end| *end > context.now)?;
    let left = end.get().saturating_sub(context.now.get());
    // `<=` and not a day exactly, so that an audit that was missed skips nothing.
    let (_, severity) = context.thresholds.expiring.iter().find(|(within, _)| left <= *within)?;
    let days = match left / crate::date::DAY {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    };
    Some((Some(*severity), format!("Expires on {}, in {days}.", day(end))))
}

pub(crate) fn expired(context: &Context<'_>, token: &Token) -> Option<Detail> {
    let end = token.expiry.filter(|end| *end <= context.now)?;
    let message = format!("Expired on {}", day_and_age(end, context.now));
    Some(match last_used(token).filter(|used| *used > end) {
        Some(used) => (Some(Severity::High), format!("{message}, and was used after that, on {}.", day(used))),
        None => (None, message + "."),
    })
}

pub(crate) fn retired_api_version(context: &Context<'_>, token: &Token) -> Option<Detail> {
    let (version, end) = RETIRED.iter().find(|(version, _)| token.default_api_version == Some(*version))?;
    (day(context.now) >= *end).then(|| (None, format!("Its default API version, {version}, ended on {end}.")))
}

/// The description without the note of a rotation.
pub(crate) fn own_description(token: &Token) -> &str {
    let description = token.description.as_deref().unwrap_or_default();
    description.split(ROTATION_NOTE).next().unwrap_or_default().trim()
}
