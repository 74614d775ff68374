//! Lists of all tokens, which can change while they are read.

use ldtokens::Error;

/// How many tokens to ask for at once.
pub(crate) const PAGE: u64 = 100;

/// How often a list that changes while it is read is read again.
const MAX_LISTS: u32 = 5;

/// Whether a list that ended so can lack tokens, and not that it could not be read.
pub(crate) fn is_incomplete(error: &Error) -> bool {
    matches!(error, Error::ListChanged { .. } | Error::WrongTotal { .. })
}

/// Whether a list that ended so in round `round`, the first being 1, is to be read again.
pub(crate) fn is_read_again(error: &Error, round: u32) -> bool {
    is_incomplete(error) && round < MAX_LISTS
}
