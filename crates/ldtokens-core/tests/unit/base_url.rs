use crate::base_url::BaseUrl;

fn parse(text: &str) -> Result<String, String> {
    BaseUrl::parse(text, false).map(|url| url.as_str().to_owned()).map_err(|error| error.to_string())
}

#[test]
fn the_api_path_is_added_if_it_is_missing() {
    for text in [
        "https://app.launchdarkly.com",
        "https://app.launchdarkly.com/",
        "https://app.launchdarkly.com/api/v2",
        "https://app.launchdarkly.com/api/v2/",
        " app.launchdarkly.com\n",
    ] {
        assert_eq!(parse(text).as_deref(), Ok("https://app.launchdarkly.com/api/v2"), "{text}");
    }
    assert_eq!(parse("https://gw.example/ld").as_deref(), Ok("https://gw.example/ld/api/v2"));
}

#[test]
fn plain_http_must_be_allowed_except_to_loopback() {
    for text in ["http://127.0.0.1:8765", "http://localhost:1", "http://[::1]:1/api/v2", "http://127.9.9.9"] {
        assert!(parse(text).is_ok(), "{text}");
    }
    for text in ["http://app.launchdarkly.com", "http://10.0.0.1", "http://localhost.example", "http://[::2]"] {
        assert!(parse(text).unwrap_err().contains("plain HTTP"), "{text}");
        assert!(BaseUrl::parse(text, true).is_ok(), "{text}");
    }
}

#[test]
fn an_invalid_host_is_refused_and_not_shown() {
    for (text, reason) in [
        ("", "not a URL"),
        ("https://", "not a URL"),
        ("ftp://hunter2", "neither"),
        ("https://hunter2:x@a", "password"),
        ("https://hunter2@a", "password"),
        ("https://:hunter2@a", "password"),
        ("https://a?x=hunter2", "query"),
        ("https://a#hunter2", "fragment"),
        ("https://{hunter2}", "character"),
        ("https://a\"b", "character"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(reason) && !error.contains("hunter2"), "{text}: {error}");
    }
}

#[test]
fn loopback_and_plain_http_are_recognised() {
    for (text, loopback, https) in [
        ("http://127.0.0.1:8765", true, false),
        ("https://localhost", true, true),
        ("https://[::1]:1", true, true),
        ("https://app.launchdarkly.com", false, true),
        ("http://10.0.0.1", false, false),
    ] {
        let url = BaseUrl::parse(text, true).unwrap();
        assert_eq!(url.is_loopback(), loopback, "{text}");
        assert_eq!(url.is_https(), https, "{text}");
    }
}

// RFC 6454: an origin is scheme, host and port. A credential never goes to another one.
#[test]
fn a_link_to_another_origin_is_not_followed() {
    let base = BaseUrl::parse("https://app.launchdarkly.com", false).unwrap();
    let to = |href: &str| base.same_origin(href).map(String::from);
    let next = "https://app.launchdarkly.com/api/v2/tokens?limit=25";
    assert_eq!(to("/api/v2/tokens?limit=25").as_deref(), Some(next));
    assert_eq!(to(next).as_deref(), Some(next));
    for href in ["//evil.example/api/v2/tokens", "http://app.launchdarkly.com/", "https://app.launchdarkly.com:444/"] {
        assert_eq!(to(href), None, "{href}");
    }
    assert_eq!(format!("{base:?}"), r#""https://app.launchdarkly.com/api/v2""#);
}
