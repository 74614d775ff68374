//! Turns the client's errors into failures: the exit status, and advice on what to do about this account and connection.

use std::fmt::Write;
use std::sync::OnceLock;

use ldtokens::{ApiError, ConfigError, Error, InvalidTokenId};

use crate::account::credential::Source;
use crate::account::settings::first_set;
use crate::terminal::{Failure, Kind};

#[derive(Debug)]
pub(crate) struct InUse {
    /// The command's name.
    pub(crate) command: String,
    /// None if no credential is needed.
    pub(crate) source: Option<Source>,
    pub(crate) host: String,
    /// What is probably wrong with the credential's form.
    pub(crate) likely_mistake: Option<&'static str>,
}

/// The account that is used, for messages.
pub(crate) static IN_USE: OnceLock<InUse> = OnceLock::new();

/// The host, and the command that asked it.
fn asked() -> String {
    let asked = |account: &InUse| format!("{}, which `ldtokens {}` asked", account.host, account.command);
    IN_USE.get().map_or_else(|| "this host".to_owned(), asked)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let (kind, hint) = kind_and_hint(error);
        let (cause, hint) = match error {
            Error::Transport { source, .. } => explained(source),
            _ => (causes(error).pop(), hint),
        };
        let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
        let hint = if hint.is_empty() { hint } else { format!("; {hint}") };
        Self::new(kind, format!("{error}{cause}{hint}")).with_api_error(error.api())
    }
}

impl From<InvalidTokenId> for Failure {
    fn from(error: InvalidTokenId) -> Self {
        Error::from(error).into()
    }
}

fn kind_and_hint(error: &Error) -> (Kind, String) {
    let no_api = || format!("there is no LaunchDarkly API at {}: check --host", asked());
    let (kind, hint) = match error {
        Error::Config(ConfigError::MissingCredential(_) | ConfigError::Credential(_)) => (Kind::NotAuthenticated, ""),
        Error::Config(ConfigError::PlainHttp) => (Kind::Usage, "or, in a private network, add --allow-plain-http"),
        Error::Config(_) | Error::InvalidInput(_) => (Kind::Usage, ""),
        Error::Unauthorized(api) if !is_from_api(api) => (Kind::NotAuthenticated, NOT_FROM_API),
        Error::Unauthorized(_) => return (Kind::NotAuthenticated, advice()),
        Error::Forbidden(api) if !is_from_api(api) => (Kind::Forbidden, NOT_FROM_API),
        Error::Forbidden(_) => {
            (Kind::Forbidden, "use a credential with the Admin role, or one whose policy allows this")
        }
        Error::NotFound(api) if !is_from_api(api) || matches!(api.operation.id(), "getTokens" | "postToken") => {
            return (Kind::NotFound, no_api());
        }
        Error::NotFound(_) => {
            (Kind::NotFound, "`ldtokens list --show-all` lists all tokens; if a name looks like an ID, add --by-name")
        }
        Error::Conflict(_) => (Kind::Conflict, "someone else changed it in the meantime: look at it again, then retry"),
        Error::PatchFailed(_) => {
            (Kind::Conflict, "nothing was changed: compare the patch with what `ldtokens get` shows")
        }
        Error::RateLimited(_) | Error::DeadlineExceeded { .. } => (Kind::RateLimited, "nothing was done"),
        Error::NoSecret { .. } => (Kind::SecretNotDelivered, ""),
        Error::OutcomeUnknown { .. } => (Kind::OutcomeUnknown, ""),
        Error::DryRun { .. } => (Kind::DryRun, ""),
        Error::Transport { .. } => (Kind::Transport, ""),
        Error::Unexpected(api) if api.status == 404 => return (Kind::NotFound, no_api()),
        Error::Unexpected(api) if (300..400).contains(&api.status) => {
            (Kind::Other, "check --host: LaunchDarkly's API does not redirect")
        }
        Error::Undecodable { .. } => {
            let hint = format!("check --host, and whether a proxy or a login page answers in place of {}", asked());
            return (Kind::Other, hint);
        }
        _ => (Kind::Other, ""),
    };
    (kind, hint.to_owned())
}

const NOT_FROM_API: &str =
    "the response is not from LaunchDarkly: a firewall or proxy in between may have rejected the request";

/// Whether the error is from the API, which always sends a code, and not from something in between.
fn is_from_api(error: &ApiError) -> bool {
    !error.code.is_empty()
}

/// What to do if the credential was rejected.
fn advice() -> String {
    let config = "`ldtokens config` shows which account is used";
    let Some(InUse { source: Some(source), host, likely_mistake, .. }) = IN_USE.get() else {
        return format!(
            "set LD_ACCESS_TOKEN to a secret that works on this host, or use another host with --host; {config}"
        );
    };
    if let Some(likely_mistake) = likely_mistake {
        return format!("look at {source}: {likely_mistake}");
    }
    let what = format!("a secret that works on {host}");
    let todo = match source {
        Source::Variable(name) => format!("set {name} to {what}"),
        Source::File(path) => format!("put {what} into {}", path.display()),
        Source::Command(command) => format!("make the command `{command}` print {what}"),
        Source::Stdin => format!("give {what} on standard input"),
        Source::Local => "it was the credential of the local LaunchDarkly".to_owned(),
    };
    format!("{todo}, or use another host with --host; {config}")
}

/// The causes of an error, the innermost last, such as "Connection refused".
fn causes(error: &dyn std::error::Error) -> Vec<String> {
    std::iter::successors(error.source(), |cause| cause.source()).map(ToString::to_string).collect()
}

/// Causes of a failed connection by a word that the library uses, and what to do about each.
const CONNECTIONS: [(&str, &str, &str); 4] = [
    (
        "UnknownIssuer",
        "its certificate is not from a trusted CA (UnknownIssuer)",
        if cfg!(any(windows, target_vendor = "apple")) {
            "if the host or a proxy uses a private CA, add its CA to the system's certificates"
        } else {
            "if the host or a proxy uses a private CA, set SSL_CERT_FILE to a PEM file with its CA's certificate"
        },
    ),
    (
        "CaUsedAsEndEntity",
        "its certificate is a CA certificate, not a server certificate (CaUsedAsEndEntity)",
        "give the server a certificate that the CA has signed",
    ),
    ("InvalidContentType", "the server does not speak HTTPS", "if it is a local server, use --host http://..."),
    ("invalid HTTP", "the server does not speak HTTP", "check the port, and whether the host should be https://"),
];

/// Why a connection failed: the host, a proxy or the certificate. And what to do.
fn explained(error: &dyn std::error::Error) -> (Option<String>, String) {
    let mut causes = causes(error);
    let has = |text: &str| causes.iter().any(|cause| cause.contains(text));
    if has("tunnel error") {
        return (causes.pop(), proxy_advice());
    }
    match CONNECTIONS.iter().find(|(word, ..)| has(word)) {
        Some((_, cause, todo)) => (Some((*cause).to_owned()), format!("{todo}; the host is {}", asked())),
        None => (causes.pop(), format!("check that the host is right (--host) and can be reached: {}", asked())),
    }
}

/// The variables that name a proxy for HTTPS; the first one that is set is used. Loopback is never reached through a proxy.
const PROXY_VARIABLES: &[&str] = &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

fn proxy_advice() -> String {
    let mut advice = match first_set(PROXY_VARIABLES) {
        Some((name, url)) => format!("check the proxy in {name} ({}), or unset it", without_password(&url)),
        None => "check the proxy in the system's settings".to_owned(),
    };
    advice += ". NO_PROXY takes comma-separated names such as example.com (including subdomains), addresses, networks such as \
        10.0.0.0/8, and *";
    if let Some((name, list)) = first_set(&["NO_PROXY", "no_proxy"]) {
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
