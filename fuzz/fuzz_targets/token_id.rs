//! IDs of tokens: each that is accepted stays one segment of a URL's path.
#![no_main]

use ldtokens_client::TokenId;
use ldtokens_client::reqwest::Url;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(id) = TokenId::new(text) else { return };
    let url = Url::parse(&format!("https://example.com/api/v2/tokens/{}/reset", id.to_path_segment())).unwrap();
    let segments: Vec<&str> = url.path_segments().unwrap().collect();
    assert_eq!(segments.len(), 5, "{url}");
    assert_eq!((segments[0], segments[1], segments[2], segments[4]), ("api", "v2", "tokens", "reset"), "{url}");
    assert_eq!((url.query(), url.fragment()), (None, None), "{url}");
});
