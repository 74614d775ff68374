//! When to read a list of all tokens again, because it changed while it was read.

use ldtokens::Error;

/// The maximum number of times to read a list that keeps changing.
const MAX_LISTS: u32 = 5;

/// Whether the error means that the list changed or was incomplete, and not that it could not be read.
pub(crate) fn is_incomplete(error: &Error) -> bool {
    matches!(error, Error::ListChanged { .. } | Error::WrongTotal { .. })
}

/// Whether to read the list again after this error in round `round`, counted from 1.
pub(crate) fn is_read_again(error: &Error, round: u32) -> bool {
    is_incomplete(error) && round < MAX_LISTS
}
