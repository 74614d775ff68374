//! A policy as JSON: what is read, and written as the API gets it, reads as the same.
#![no_main]

use ldtokens::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(policy) = Policy::from_json(text) {
        let written = serde_json::to_string(&policy.to_wire()).unwrap();
        assert_eq!(Policy::from_json(&written).unwrap(), policy);
    }
});
