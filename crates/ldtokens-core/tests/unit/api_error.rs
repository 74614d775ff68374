use crate::Error;
use crate::api_error::{printable, read};
use ldtokens_client::Operation;
use ldtokens_client::Secret;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};

#[test]
fn the_apis_code_message_and_reference_are_shown() {
    let body = br#"{"code": "not_found", "message": "Invalid resource identifier", "id": "8b6f"}"#;
    let error = read(Operation::GetToken, StatusCode::NOT_FOUND, &HeaderMap::new(), body, None, &Secret::new(""));
    assert_eq!(error.to_string(), "getToken: Invalid resource identifier (404 not_found, reference 8b6f)");
}

#[test]
fn a_body_that_is_not_the_apis_json_is_not_shown() {
    for body in [&b"<html>api-secret</html>"[..], b"", b"{\"code\": \"x", b"[]", b"\xff\xfe", br#"{"message": ""}"#] {
        let error =
            read(Operation::GetTokens, StatusCode::BAD_GATEWAY, &HeaderMap::new(), body, None, &Secret::new(""));
        assert_eq!(error.to_string(), "getTokens: Bad Gateway (502)");
    }
}

#[test]
fn a_secret_in_a_message_is_redacted_and_the_message_is_one_line() {
    let credential = Secret::new("hunter2");
    assert_eq!(printable("no hunter2!\r\n\u{1b}[31mred", &credential), "no [redacted]! [31mred");
    let other = "token=api-5a1e7e1c-0000-4000-8000-1f2e3d4c5b6a is bad";
    assert_eq!(printable(other, &credential), "token=[redacted] is bad");
}

#[test]
fn a_redirect_error_names_the_target_without_its_query() {
    let read = |status, to| {
        let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(to))]);
        crate::api_error::read(Operation::GetTokens, status, &headers, b"", None, &Secret::new("")).to_string()
    };
    for (to, shown) in [
        ("https://u:hunter2@sso.example/login?ticket=hunter2#x", "https://sso.example/login"),
        ("/login?hunter2", "/login"),
    ] {
        let line = format!("getTokens: it redirects to {shown}, and redirects are not followed (302)");
        assert_eq!(read(StatusCode::FOUND, to), line);
    }
    assert_eq!(read(StatusCode::CONFLICT, "/login"), "getTokens: Conflict (409)");
}

// Fact 19: an HTML 404 is a wrong host or path.
#[test]
fn a_404_is_a_page_by_its_type_or_its_text() {
    for (named, body, is_page) in
        [("text/HTML; charset=utf-8", "gone", true), ("text/plain", "\n <html>", true), ("text/plain", "gone", false)]
    {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(named))]);
        let error = read(Operation::GetToken, StatusCode::NOT_FOUND, &headers, body.as_bytes(), None, &Secret::new(""));
        assert_eq!(matches!(error, Error::Unexpected(_)), is_page, "{error:?}");
    }
}

// Our choice: what is shorter than a secret can be is a word like any other.
#[test]
fn text_too_short_to_be_a_secret_is_shown() {
    for text in ["the api-version", "a-long-word-before-it-api-v2", "api-key"] {
        assert_eq!(printable(text, &Secret::new("")), text);
    }
    assert_eq!(printable("xapi-0123456789abcdef", &Secret::new("")), "x[redacted]");
}
