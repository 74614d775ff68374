//! An error answer, read into what may be shown of it.

use std::time::Duration;

use ldtokens_client::Secret;
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use crate::error::ApiError;
use crate::operation::Operation;

/// The longest text taken from an answer, in characters.
const LONGEST_TEXT: usize = 500;

/// As much of the API's error body as there is.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    code: String,
    message: String,
    id: Option<String>,
}

/// Reads an error answer. What is not the API's own JSON, as from a proxy, is not repeated.
pub(crate) fn read(
    operation: Operation,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    retry_after: Option<Duration>,
    credential: &Secret,
) -> ApiError {
    let body: Body = serde_json::from_slice(body).unwrap_or_default();
    let shown = |text: &str| printable(text, credential);
    let message = if let Some(to) = redirect(status, headers) {
        format!("it redirects to {}, and redirects are not followed", shown(&to))
    } else if body.message.is_empty() {
        status.canonical_reason().unwrap_or("an unknown status").to_owned()
    } else {
        shown(&body.message)
    };
    ApiError {
        operation,
        status: status.as_u16(),
        code: shown(&body.code),
        message,
        id: body.id.as_deref().map(shown),
        retry_after,
    }
}

/// Where a redirect leads, without its query, which may hold what only one reader should see.
fn redirect(status: StatusCode, headers: &HeaderMap) -> Option<String> {
    let to = headers.get(LOCATION).filter(|_| status.is_redirection())?.to_str().ok()?;
    let Ok(mut url) = Url::parse(to) else { return to.split(['?', '#']).next().map(str::to_owned) };
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_password(None);
    let _ = url.set_username("");
    Some(url.into())
}

/// `text` on one line of bounded length, without the credential or anything that has the form of a secret.
fn printable(text: &str, credential: &Secret) -> String {
    let without_credential = match credential.expose() {
        "" => text.to_owned(),
        secret => text.replace(secret, "[redacted]"),
    };
    let words = without_credential.split_whitespace().map(|word| match word.find("api-") {
        Some(at) if word.len() - at >= 20 => format!("{}[redacted]", &word[..at]),
        _ => word.chars().filter(|character| !character.is_control()).collect(),
    });
    words.collect::<Vec<_>>().join(" ").chars().take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::{printable, read};
    use crate::operation::Operation;
    use ldtokens_client::Secret;
    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, HeaderValue, LOCATION};

    #[test]
    fn the_apis_own_words_are_kept() {
        let body = br#"{"code": "not_found", "message": "Invalid resource identifier", "id": "8b6f"}"#;
        let headers = HeaderMap::new();
        let error = read(Operation::new("get_token"), StatusCode::NOT_FOUND, &headers, body, None, &Secret::new(""));
        assert_eq!(error.to_string(), "getToken: Invalid resource identifier (404 not_found, reference 8b6f)");
    }

    #[test]
    fn what_is_not_the_apis_json_says_only_its_status() {
        for body in [&b"<html>api-secret</html>"[..], b"", b"{\"code\": \"x", b"[]", b"\xff\xfe"] {
            let headers = HeaderMap::new();
            let status = StatusCode::BAD_GATEWAY;
            let error = read(Operation::new("get_tokens"), status, &headers, body, None, &Secret::new(""));
            assert_eq!(error.to_string(), "getTokens: Bad Gateway (502)");
        }
    }

    #[test]
    fn a_redirect_says_where_it_leads_but_not_its_query() {
        for (to, shown) in [
            ("https://u:hunter2@sso.example/login?ticket=hunter2#x", "https://sso.example/login"),
            ("/login?hunter2", "/login"),
        ] {
            let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(to))]);
            let error = read(Operation::new("get_tokens"), StatusCode::FOUND, &headers, b"", None, &Secret::new(""));
            let line = format!("getTokens: it redirects to {shown}, and redirects are not followed (302)");
            assert_eq!(error.to_string(), line);
        }
    }

    #[test]
    fn a_message_that_repeats_a_secret_is_blanked_and_kept_to_one_line() {
        let credential = Secret::new("hunter2");
        assert_eq!(printable("no hunter2!\r\n\u{1b}[31mred", &credential), "no [redacted]! [31mred");
        let other = "token=api-5a1e7e1c-0000-4000-8000-1f2e3d4c5b6a is bad";
        assert_eq!(printable(other, &credential), "token=[redacted] is bad");
    }
}
