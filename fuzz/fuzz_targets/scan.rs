//! The scan of text for secrets: one in the middle of anything, on a line of its own, is found.
#![no_main]

use ldtokens_lifecycle::Scan;
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "api-01234567-89ab-4cde-8f01-23456789abcd";

fuzz_target!(|text: &[u8]| {
    let middle = text.len() / 2;
    let mut around = text[..middle].to_vec();
    around.extend_from_slice(format!("\n{SECRET}\n").as_bytes());
    around.extend_from_slice(&text[middle..]);

    let mut scan = Scan::default();
    scan.read(&around[..]).unwrap();
    assert!(scan.secrets.iter().any(|secret| secret.expose() == SECRET));
});
