//! Which hosts the server answers for: so a web page can't reach it by a name of its own site that leads here (DNS rebinding).

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{Request, header};

/// The names and addresses that requests may be for.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    listen: IpAddr,
    allowed: Vec<String>,
}

impl Hosts {
    /// Loopback's names and addresses, the address that is listened on, and these names. Where all addresses are listened on,
    /// every address: a site has a name.
    pub(crate) fn new(listen: IpAddr, allowed: Vec<String>) -> Self {
        Self { listen: listen.to_canonical(), allowed: allowed.iter().map(|name| plain(name)).collect() }
    }

    /// Whether all that `request` says of its host is allowed. One that says nothing comes from no web page.
    pub(crate) fn allow<B>(&self, request: &Request<B>) -> bool {
        let named = request.headers().get_all(header::HOST).iter();
        let mut named = named.map(|host| host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()));
        let of_target = request.uri().authority();
        named.all(|host| host.is_some_and(|host| self.has(host.host())))
            && of_target.is_none_or(|host| self.has(host.host()))
    }

    fn has(&self, host: &str) -> bool {
        let host = plain(host);
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match address.map(|address| address.to_canonical()) {
            Ok(address) => address.is_loopback() || address == self.listen || self.listen.is_unspecified(),
            Err(_) => host == "localhost" || host.ends_with(".localhost") || self.allowed.contains(&host),
        }
    }
}

/// Names are the same in capitals, and with a dot at the end.
fn plain(host: &str) -> String {
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
    fn names_and_addresses_of_this_machine_are_answered_for_and_no_others() {
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
    fn a_host_in_the_target_counts_too() {
        let hosts = Hosts::new([127, 0, 0, 1].into(), Vec::new());
        let request = |uri: &str| Request::builder().uri(uri).header("host", "localhost").body(()).unwrap();
        assert!(hosts.allow(&request("http://localhost/api/v2/tokens")));
        assert!(!hosts.allow(&request("http://evil.example/api/v2/tokens")));
    }
}
