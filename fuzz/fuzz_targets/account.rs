//! The account file of the local server: an account or an error, within bounded time and memory.
#![no_main]

use ldtokens_server::Account;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = text.parse::<Account>();
});
