//! The check of the Host header, against DNS rebinding: a web site can give its own name the address of this server, so that
//! its pages can send requests here. These requests have the site's name in the Host header.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{Request, header};

/// The hosts that requests may name.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    listen: IpAddr,
    allowed: Vec<String>,
}

impl Hosts {
    /// Allows localhost, all loopback addresses, the address that the server listens on, and the names in `allowed`. If the server
    /// listens on all addresses, every address is allowed: a web site has a name.
    pub(crate) fn new(listen: IpAddr, allowed: Vec<String>) -> Self {
        Self { listen: listen.to_canonical(), allowed: allowed.iter().map(|name| normalize(name)).collect() }
    }

    /// Whether each host that `request` names is allowed. A request that names none does not come from a web page.
    pub(crate) fn allow<B>(&self, request: &Request<B>) -> bool {
        let headers = request.headers().get_all(header::HOST).iter();
        let mut headers = headers.map(|host| host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()));
        let target = request.uri().authority();
        headers.all(|host| host.is_some_and(|host| self.has(host.host())))
            && target.is_none_or(|host| self.has(host.host()))
    }

    fn has(&self, host: &str) -> bool {
        let host = normalize(host);
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match address.map(|address| address.to_canonical()) {
            Ok(address) => address.is_loopback() || address == self.listen || self.listen.is_unspecified(),
            Err(_) => host == "localhost" || host.ends_with(".localhost") || self.allowed.contains(&host),
        }
    }
}

/// Capitals and a dot at the end make no difference in a name.
fn normalize(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::Hosts;
    use axum::http::Request;

    fn allows(listen: &str, host: &str) -> bool {
        let hosts = Hosts::new(listen.parse().unwrap(), vec!["Compose.Example".to_owned()]);
        hosts.allow(&Request::builder().uri("/api/v2/tokens").header("host", host).body(()).unwrap())
    }

    #[test]
    fn names_and_addresses_of_this_machine_are_allowed_and_no_others() {
        for host in [
            "localhost",
            "LOCALHOST.:80",
            "a.localhost",
            "127.0.0.1:8765",
            "127.1.2.3",
            "[::1]:8765",
            "compose.example",
        ] {
            assert!(allows("127.0.0.1", host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "127.0.0.1.evil.example",
            "0.0.0.0",
            "",
            "a b",
            "x@localhost@y",
        ] {
            assert!(!allows("127.0.0.1", host), "{host}");
        }
        assert!(allows("10.0.0.1", "10.0.0.1:80") && !allows("10.0.0.1", "10.0.0.2"));
        assert!(allows("0.0.0.0", "10.0.0.2") && allows("::", "[fe80::1]:1") && !allows("0.0.0.0", "evil.example"));
    }

    #[test]
    fn a_host_in_the_request_line_is_checked_too() {
        let hosts = Hosts::new([127, 0, 0, 1].into(), Vec::new());
        let request = |uri: &str| Request::builder().uri(uri).header("host", "localhost").body(()).unwrap();
        assert!(hosts.allow(&request("http://localhost/api/v2/tokens")));
        assert!(!hosts.allow(&request("http://evil.example/api/v2/tokens")));
    }
}
