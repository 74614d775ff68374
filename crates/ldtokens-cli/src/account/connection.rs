//! Explains why a connection failed: the host, a proxy or the certificate.

use std::error::Error;
use std::fmt::Write;

/// The variables that name a proxy for HTTPS; the first one that is set is used. Loopback is never reached through a proxy.
const PROXY_VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

const NO_PROXY_VARIABLES: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The form of `NO_PROXY`.
const NO_PROXY_FORM: &str = "NO_PROXY takes comma-separated names such as example.com (including subdomains), addresses, networks \
    such as 10.0.0.0/8, and *";

/// The cause, and what to do. `asked` names the host and who asked it.
pub(crate) fn explain(error: &(dyn Error + 'static), asked: &str) -> (Option<String>, String) {
    let mut causes: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        causes.push(deeper.to_string());
        cause = deeper.source();
    }
    let innermost = causes.last().cloned();
    let has = |text: &str| causes.iter().any(|cause| cause.contains(text));
    if has("tunnel error") {
        return (innermost, proxy_advice());
    }
    if has("UnknownIssuer") {
        let todo = if cfg!(any(windows, target_vendor = "apple")) {
            "add its CA to the system's certificates"
        } else {
            "set SSL_CERT_FILE to a PEM file with its CA's certificate"
        };
        return (
            Some("its certificate is not from a trusted CA (UnknownIssuer)".to_owned()),
            format!("if the host or a proxy uses a private CA, {todo}"),
        );
    }
    if has("CaUsedAsEndEntity") {
        return (
            Some("its certificate is a CA certificate, not a server certificate (CaUsedAsEndEntity)".to_owned()),
            "give the server a certificate that the CA has signed".to_owned(),
        );
    }
    if has("InvalidContentType") {
        return (
            Some("the server does not speak HTTPS".to_owned()),
            "if it is a local server, use --host http://...".to_owned(),
        );
    }
    if has("invalid HTTP") {
        return (
            Some("the server does not speak HTTP".to_owned()),
            "check the port, and whether the host should be https://".to_owned(),
        );
    }
    (innermost, format!("check that the host is right (--host) and can be reached: {asked}"))
}

fn proxy_advice() -> String {
    let set = |names: &[&'static str]| {
        names.iter().find_map(|name| Some((*name, std::env::var(name).ok().filter(|value| !value.is_empty())?)))
    };
    let mut advice = match set(&PROXY_VARIABLES) {
        Some((name, url)) => format!("check the proxy in {name} ({}), or unset it", without_password(&url)),
        None => "check the proxy in the system's settings".to_owned(),
    };
    let _ = write!(advice, ". {NO_PROXY_FORM}");
    if let Some((name, list)) = set(&NO_PROXY_VARIABLES) {
        let ignored: Vec<&str> = list.split(',').map(str::trim).filter(|pattern| is_ignored(pattern)).collect();
        if !ignored.is_empty() {
            let _ = write!(advice, "; these in {name} have no effect: {}", ignored.join(", "));
        }
    }
    advice
}

/// Whether the pattern has a form that other programs accept but not this one: `*.example.com`, `example.com:443`.
fn is_ignored(pattern: &str) -> bool {
    let has_port =
        pattern.rsplit_once(':').is_some_and(|(host, port)| !host.contains(':') && port.parse::<u16>().is_ok());
    pattern != "*" && (pattern.contains('*') || has_port)
}

/// The host and port of a proxy's URL, which may contain a password.
fn without_password(url: &str) -> &str {
    let url = url.split_once("://").map_or(url, |(_, rest)| rest);
    let url = url.rsplit_once('@').map_or(url, |(_, host)| host);
    url.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::{is_ignored, without_password};

    #[test]
    fn no_proxy_patterns_without_effect_are_found() {
        for (pattern, ignored) in [
            ("*", false),
            ("example.com", false),
            (".example.com", false),
            ("10.0.0.0/8", false),
            ("::1", false),
            ("*.example.com", true),
            ("example.com:443", true),
        ] {
            assert_eq!(is_ignored(pattern), ignored, "{pattern}");
        }
    }

    #[test]
    fn a_proxy_url_is_shown_without_its_password() {
        assert_eq!(without_password("http://user:hunter2@proxy.example:3128/"), "proxy.example:3128");
        assert_eq!(without_password("proxy.example:3128"), "proxy.example:3128");
    }
}
