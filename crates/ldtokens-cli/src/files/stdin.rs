//! Standard input, which only one of these can use: a body, a policy, IDs or the credential.

use std::io::{self, Read};
use std::sync::Mutex;

use crate::files::text::decode;
use crate::terminal::failure::Failure;

static TAKEN_FOR: Mutex<Option<&str>> = Mutex::new(None);

/// Standard input, for `what`. It is an error if it was used for something else.
pub(crate) fn take(what: &'static str) -> Result<impl Read, Failure> {
    let mut taken_for = TAKEN_FOR.lock().expect("nothing panics with it");
    match taken_for.replace(what) {
        Some(other) => Err(Failure::usage(format!("{other} and {what} can't both come from standard input"))),
        None => Ok(io::stdin()),
    }
}

/// All of standard input as text, for `what`.
pub(crate) fn text(what: &'static str) -> Result<String, Failure> {
    let unusable = |reason: &str| Failure::usage(format!("can't read {what} from standard input: {reason}"));
    let mut bytes = Vec::new();
    take(what)?.read_to_end(&mut bytes).map_err(|error| unusable(&error.to_string()))?;
    decode(bytes).map_err(unusable)
}
