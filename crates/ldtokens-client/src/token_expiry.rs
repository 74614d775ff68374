use std::time::Duration;

use crate::UnixMillis;
use crate::types::Token;

impl Token {
    /// The time from `now` until the token expires: zero if it has expired, and `None` if it never does.
    ///
    /// Let `now` be the API's time, such as the facade's `Client::server_time`, since the API's clock decides.
    pub fn expires_in(&self, now: impl Into<UnixMillis>) -> Option<Duration> {
        self.expiry.map(|expiry| expiry.saturating_duration_since(now.into()))
    }
}
