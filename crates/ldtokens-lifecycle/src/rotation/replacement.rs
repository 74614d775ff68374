//! A replacement: a token with the settings of another, and what rotations write into descriptions.

use std::time::Duration;

use jiff::Timestamp;
use ldtokens::{Error, NewToken, Token, TokenId, UnixMillis};

/// The start of the marker in the description of a replacement whose rotation is not over.
pub(crate) const MARKER: &str = "[ldtokens rotate ";

/// Whether a description contains the marker of a rotation that is not over.
pub fn has_marker(description: &str) -> bool {
    description.contains(MARKER)
}

/// The start of the markers of the replacements of this token.
pub(crate) fn marker_start(id: &TokenId) -> String {
    format!("{MARKER}{} ", id.to_path_segment())
}

/// Returns a marker unique to this rotation of the token.
pub(crate) fn new_marker(id: &TokenId) -> String {
    format!("{}{:016x}]", marker_start(id), fastrand::u64(..))
}

/// The start of the note in a token's description that holds the time of its last rotation.
pub(crate) const TIME_NOTE: &str = "[ldtokens rotated ";

/// Returns the time of the last rotation that a description notes.
pub fn noted_time(description: &str) -> Option<UnixMillis> {
    let (_, rest) = description.split_once(TIME_NOTE)?;
    let noted: Timestamp = rest.split_once(']')?.0.parse().ok()?;
    Some(UnixMillis::new(noted.as_millisecond()))
}

/// Formats a moment as in `2026-01-31T12:00:00Z`, to the second.
pub(crate) fn time(moment: UnixMillis) -> String {
    match Timestamp::from_second(moment.get().div_euclid(1000)) {
        Ok(moment) => moment.to_string(),
        Err(_) => format!("{moment} ms after 1970"),
    }
}

/// Returns the description without the notes and markers of rotations.
pub fn without_notes(description: &str) -> String {
    without(MARKER, description).and_then(|text| without(TIME_NOTE, &text)).unwrap_or_default()
}

/// Returns the description without notes that start with `start`.
pub(crate) fn without(start: &str, description: &str) -> Option<String> {
    let mut left = description.to_owned();
    while let Some(at) = left.find(start) {
        let end = left[at..].find(']').map_or(left.len(), |length| at + length + 1);
        let begin = left[..at].trim_end().len();
        left.replace_range(begin..end, "");
    }
    Some(left).filter(|left| !left.is_empty())
}

/// Returns a token to create in place of `token`: like it, with the marker. It works for `lifetime`, or as long as `token` was made
/// to.
pub(crate) fn replacement_of(token: &Token, marker: &str, lifetime: Option<Duration>) -> Result<NewToken, Error> {
    // A note of the predecessor's rotation is not about the new token.
    let text = token.description.as_deref().map(without_notes).unwrap_or_default();
    let new = NewToken::like(token)?.description(format!("{text} {marker}").trim_start());
    let inherited = token.expiry.map(|expiry| expiry.saturating_duration_since(token.creation_date));
    Ok(match lifetime.or(inherited) {
        Some(lifetime) => new.expires_in(lifetime),
        None => new,
    })
}

#[cfg(test)]
#[path = "../../tests/unit/replacement.rs"]
mod tests;
