//! Responses of the API: what is read and written again reads as the same, and `Debug` never shows a secret.
#![no_main]

use ldtokens_client::types::{ErrorRep, Token, Tokens};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let _ = serde_json::from_slice::<ErrorRep>(body);
    let _ = serde_json::from_slice::<Tokens>(body);
    if let Ok(token) = serde_json::from_slice::<Token>(body) {
        let written = serde_json::to_value(&token).unwrap();
        let again: Token = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&again).unwrap(), written);
    }
    if let Ok(json) = serde_json::from_slice(body)
        && let Ok(read) = ldtokens_client::read_token(&json)
        && let Some(secret) = &read.token.token
    {
        // A short one may also be part of something else.
        assert!(secret.expose().len() < 20 || !format!("{:?}", read.token.token).contains(secret.expose()));
    }
});
