//! The markers in descriptions, which are all that the account knows of a file.

use jiff::Timestamp;
use ldtokens::{Token, UnixMillis};
use serde::{Deserialize, Serialize};

const START: &str = "[ldtokens:";

/// The marker of a managed token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// Which token of the file it is: its key, after the name of the file and a `/` if the file has a name.
    pub key: String,
    /// Where the token is in its life.
    pub state: State,
}

/// Where a managed token is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// It was created, and its secret may not be delivered yet.
    New,
    /// Its secret is in use.
    Current,
    /// Another has replaced it. It may be used until this moment.
    Old(UnixMillis),
}

impl Marker {
    /// `description`, which may be empty, with this marker at its end.
    pub fn append_to(&self, description: &str) -> String {
        let state = match self.state {
            State::New => " new".to_owned(),
            State::Current => String::new(),
            State::Old(until) => format!(" old until {}", format_time(until)),
        };
        format!("{description} {START}{}{state}]", self.key).trim_start().to_owned()
    }

    /// The text and the markers of a token's description.
    pub fn of(token: &Token) -> (String, Vec<Self>) {
        Self::split(token.description.as_deref().unwrap_or_default())
    }

    pub(crate) fn split(description: &str) -> (String, Vec<Self>) {
        let (mut text, mut markers, mut from) = (description.to_owned(), Vec::new(), 0);
        while let Some(at) = text[from..].find(START).map(|at| at + from) {
            let marker =
                text[at..].find(']').and_then(|end| Some((end, Self::parse(&text[at + START.len()..at + end])?)));
            match marker {
                Some((end, marker)) => {
                    markers.push(marker);
                    text.replace_range(text[..at].trim_end().len()..=at + end, "");
                    from = 0;
                }
                None => from = at + START.len(),
            }
        }
        (text, markers)
    }

    fn parse(inner: &str) -> Option<Self> {
        let (key, state) = match inner.split_once(' ') {
            None => (inner, State::Current),
            Some((key, "new")) => (key, State::New),
            Some((key, state)) => (key, State::Old(parse_time(state.strip_prefix("old until ")?)?)),
        };
        let is_valid = key.split_once('/').map_or(is_key(key), |(file, key)| is_key(file) && is_key(key));
        is_valid.then(|| Self { key: key.to_owned(), state })
    }

    /// The name of the file that the token belongs to, if that has one.
    pub(crate) fn file(&self) -> Option<&str> {
        self.key.split_once('/').map(|(file, _)| file)
    }
}

/// Tokens with the marker of one key, and their states.
pub(crate) type Marked<'a> = Vec<(&'a Token, State)>;

/// Those of the tokens that have a marker of this key.
pub(crate) fn marked<'a>(tokens: &'a [Token], key: &str) -> Marked<'a> {
    let of_token = |token: &'a Token| {
        let (_, markers) = Marker::of(token);
        markers.into_iter().filter(|marker| marker.key == key).map(move |marker| (token, marker.state))
    };
    tokens.iter().flat_map(of_token).collect()
}

/// Those of them that are in this state.
pub(crate) fn in_state<'a>(marked: &Marked<'a>, state: State) -> Vec<&'a Token> {
    marked.iter().filter(|(_, is)| *is == state).map(|(token, _)| *token).collect()
}

/// Whether the token has a marker of this key, in such a state.
pub(crate) fn has_marker(token: &Token, key: &str, is: impl Fn(State) -> bool) -> bool {
    let (_, markers) = Marker::of(token);
    markers.iter().any(|marker| marker.key == key && is(marker.state))
}

/// Whether it can be the key of a token: letters, digits, `.`, `_` and `-`, at most 64.
pub(crate) fn is_key(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

/// As RFC 3339, in UTC.
pub(crate) fn format_time(moment: UnixMillis) -> String {
    Timestamp::from_millisecond(moment.get()).map_or_else(|_| moment.get().to_string(), |time| time.to_string())
}

pub(crate) fn parse_time(text: &str) -> Option<UnixMillis> {
    text.parse::<Timestamp>().ok().map(|time| UnixMillis::new(time.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::{Marker, State};
    use ldtokens::UnixMillis;

    #[test]
    fn a_marker_is_read_back_and_the_rest_of_the_description_is_kept() {
        for state in [State::New, State::Current, State::Old(UnixMillis::new(1_800_000_000_123))] {
            let key = if state == State::New { "a.b-c_1" } else { "prod/a.b-c_1" };
            let marker = Marker { key: key.to_owned(), state };
            for text in ["", "Feeds the [ldtokens:bad key here] warehouse", "d [ldtokens rotated x]"] {
                let description = marker.append_to(text);
                assert_eq!(Marker::split(&description), (text.to_owned(), vec![marker.clone()]), "{description}");
            }
        }
        let (text, markers) = Marker::split("a [ldtokens:k] b [ldtokens:l new] [ldtokens: ] [ldtokens:");
        assert_eq!((text.as_str(), markers.len()), ("a b [ldtokens: ] [ldtokens:", 2));
    }
}
