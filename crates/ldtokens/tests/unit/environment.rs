use super::has_proxy;
use crate::ClientBuilder;

fn from(variables: &[(&str, &str)]) -> Result<String, String> {
    let builder =
        ClientBuilder::from_variables(|name| Some(variables.iter().find(|(known, _)| *known == name)?.1.into()));
    let client = builder.and_then(|builder| builder.build());
    client.map(|client| client.sender.base_url().as_str().to_owned()).map_err(|error| error.to_string())
}

#[test]
fn plain_http_can_be_allowed_for_a_host_from_the_environment() {
    let lookup = |name: &str| match name {
        "LD_ACCESS_TOKEN" => Some("api-1".into()),
        "LD_BASE_URI" => Some("http://ld.example".into()),
        _ => None,
    };
    let error = ClientBuilder::from_variables(lookup).unwrap().build().unwrap_err().to_string();
    assert!(error.starts_with("LD_BASE_URI: ") && error.contains("plain HTTP"), "{error}");
    assert!(ClientBuilder::from_variables(lookup).unwrap().allow_plain_http().build().is_ok());
    let other = ClientBuilder::from_variables(lookup).unwrap().host("ftp://ld.example").build().unwrap_err();
    assert!(!other.to_string().contains("LD_BASE_URI"), "the host is not the variable's: {other}");
}

#[test]
fn ldclis_variables_take_precedence_over_the_terraform_providers() {
    let terraform = [("LAUNCHDARKLY_ACCESS_TOKEN", "api-1"), ("LAUNCHDARKLY_API_HOST", "https://app.launchdarkly.us")];
    assert_eq!(from(&terraform).unwrap(), "https://app.launchdarkly.us/api/v2");
    let both = [terraform[0], terraform[1], ("LD_BASE_URI", "https://app.eu.launchdarkly.com")];
    assert_eq!(from(&both).unwrap(), "https://app.eu.launchdarkly.com/api/v2");
    assert_eq!(from(&[("LD_ACCESS_TOKEN", "api-1")]).unwrap(), "https://app.launchdarkly.com/api/v2");
}

#[test]
fn an_invalid_variable_is_named_but_its_value_is_not_shown() {
    let missing = from(&[("LD_ACCESS_TOKEN", "")]).unwrap_err();
    assert!(missing.contains("LD_ACCESS_TOKEN or LAUNCHDARKLY_ACCESS_TOKEN"), "{missing}");
    let two_lines = from(&[("LD_ACCESS_TOKEN", "api-hunter2\nx")]).unwrap_err();
    assert!(two_lines.starts_with("LD_ACCESS_TOKEN: ") && !two_lines.contains("hunter2"), "{two_lines}");
    let host = from(&[("LD_ACCESS_TOKEN", "api-1"), ("LD_BASE_URI", "https://u:hunter2@h")]).unwrap_err();
    assert!(host.starts_with("LD_BASE_URI: ") && !host.contains("hunter2"), "{host}");
}

#[test]
fn a_proxy_variable_that_would_be_ignored_is_refused_and_not_shown() {
    let check = |host: &str, variables: &[(&str, &str)]| {
        let host = ldtokens_core::BaseUrl::parse(host, true).unwrap();
        let lookup = |name: &str| Some(variables.iter().find(|(known, _)| *known == name)?.1.into());
        has_proxy(&host, lookup).map_err(|error| error.to_string())
    };
    let https = "https://app.launchdarkly.com";
    for value in ["http://proxy:3128", "proxy.example:3128", "https://u:p@proxy", ""] {
        assert_eq!(check(https, &[("HTTPS_PROXY", value)]), Ok(!value.is_empty()), "{value}");
    }
    let in_cgi = check(https, &[("HTTPS_PROXY", "http://proxy"), ("REQUEST_METHOD", "GET")]).unwrap_err();
    assert!(in_cgi.contains("CGI"), "{in_cgi}");
    for value in [
        "\"http://hunter2:3128\"",
        " http://hunter2:3128",
        "http://hunter2:3128\r",
        "htpp://hunter2",
        "socks5://hunter2",
    ] {
        for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            let error = check(https, &[(name, value)]).unwrap_err();
            assert!(error.starts_with(&format!("{name}: ")) && !error.contains("hunter2"), "{error}");
        }
        assert_eq!(check(https, &[("HTTP_PROXY", value)]), Ok(false), "it is not for HTTPS");
        assert!(check("http://ld.example", &[("HTTP_PROXY", value)]).is_err());
        assert_eq!(
            check(https, &[("HTTPS_PROXY", "http://proxy"), ("ALL_PROXY", value)]),
            Ok(true),
            "the first counts"
        );
        for exceptions in ["*", "app.launchdarkly.com", "localhost, .launchdarkly.com", "launchdarkly.com"] {
            assert_eq!(check(https, &[("HTTPS_PROXY", value), ("no_proxy", exceptions)]), Ok(false), "{exceptions}");
        }
        for exceptions in ["", ",", "localhost", "darkly.com", "eu.app.launchdarkly.com"] {
            assert!(check(https, &[("HTTPS_PROXY", value), ("NO_PROXY", exceptions)]).is_err(), "{exceptions}");
        }
        // As reqwest documents it.
        for (host, exceptions, is_excepted) in [
            ("https://10.1.2.3", "10.0.0.0/8", true),
            ("https://10.1.2.3", "example.com, 10.1.2.3", true),
            ("https://10.1.2.3", "192.168.0.0/16", false),
            ("https://[fd00::1]", "fd00::/8", true),
        ] {
            let checked = check(host, &[("HTTPS_PROXY", value), ("NO_PROXY", exceptions)]);
            assert_eq!(checked.is_ok(), is_excepted, "{host} {exceptions}: {checked:?}");
        }
    }
}
