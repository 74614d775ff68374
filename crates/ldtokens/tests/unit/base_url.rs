use super::{BaseUrl, PlainHttp};

fn parse(text: &str) -> Result<String, String> {
    BaseUrl::parse(text, PlainHttp::Refused).map(|url| url.as_str().to_owned()).map_err(|error| error.to_string())
}

#[test]
fn the_api_path_may_be_there_or_not() {
    for text in [
        "https://app.launchdarkly.com",
        "https://app.launchdarkly.com/",
        "https://app.launchdarkly.com/api/v2",
        "https://app.launchdarkly.com/api/v2/",
        "app.launchdarkly.com",
    ] {
        assert_eq!(parse(text).as_deref(), Ok("https://app.launchdarkly.com/api/v2"), "{text}");
    }
    assert_eq!(parse("https://gw.example/ld").as_deref(), Ok("https://gw.example/ld/api/v2"));
}

#[test]
fn plain_http_is_for_loopback_or_for_those_who_ask() {
    for text in ["http://127.0.0.1:8765", "http://localhost:1", "http://[::1]:1/api/v2", "http://127.9.9.9"] {
        assert!(parse(text).is_ok(), "{text}");
    }
    for text in ["http://app.launchdarkly.com", "http://10.0.0.1", "http://localhost.example", "http://[::2]"] {
        assert!(parse(text).unwrap_err().contains("plain HTTP"), "{text}");
        assert!(BaseUrl::parse(text, PlainHttp::Allowed).is_ok(), "{text}");
    }
}

#[test]
fn what_is_no_host_is_refused_without_repeating_it() {
    for text in ["", "ftp://a", "https://user:hunter2@a", "https://a?x=hunter2", "https://a#hunter2", "https://"] {
        assert!(!parse(text).unwrap_err().contains("hunter2"), "{text}");
    }
}
