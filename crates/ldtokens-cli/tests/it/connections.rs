//! Errors from what is between the command and the API: a proxy, a private CA, a login page, a firewall.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{NO_SERVER, OWNER, Served, ldtokens, refused, skipped, stderr};

fn run(arguments: &[&str], host: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = ldtokens(&[arguments, &["--host", host]].concat());
    command.env("LD_ACCESS_TOKEN", OWNER).envs(variables.iter().copied()).output().unwrap()
}

/// A server that sends the same response to every request, and counts the requests.
pub struct StaticServer {
    pub url: String,
    count: Arc<AtomicUsize>,
}

impl StaticServer {
    pub fn start(status: &str, headers: &str, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let response =
            format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                    head.extend(byte);
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let _ = stream.write_all(response.as_bytes());
            }
        });
        Self { url, count }
    }

    fn requests(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

const PAGE: &str = "<!doctype html><title>Sign in</title>";

const HTML: &str = "content-type: text/html; charset=utf-8\r\n";

#[test]
fn an_html_response_is_named_in_the_error_and_retried_at_most_twice() {
    let server = StaticServer::start("200 OK", HTML, PAGE);
    refused(&run(&["list"], &server.url, &[]), 1, &["text/html", "not JSON", "login page", "--host"]);
    assert_eq!(server.requests(), 3);
}

#[test]
fn the_error_for_a_redirect_names_its_target() {
    let location = "location: https://sso.example/login?ticket=hunter2\r\n";
    let server = StaticServer::start("302 Found", location, "");
    let output = run(&["list"], &server.url, &[]);
    refused(&output, 1, &["redirects to https://sso.example/login", "--host"]);
    assert!(!stderr(&output).contains("hunter2"), "{}", stderr(&output));
}

#[test]
fn a_403_from_a_firewall_differs_from_one_from_the_api() {
    for status in ["403 Forbidden", "401 Unauthorized"] {
        let server = StaticServer::start(status, HTML, PAGE);
        let output = run(&["list"], &server.url, &[]);
        let line = stderr(&output);
        assert!(line.contains("firewall or proxy"), "{line}");
        assert!(!line.contains("Admin role") && !line.contains("set LD_ACCESS_TOKEN"), "{line}");
    }
    let served = Served::start();
    let (reader, other) = (served.create("reads").1, served.create("other").0);
    let output = served.acting_as(&reader, &["delete", &other, "--yes"]).output().unwrap();
    refused(&output, 4, &["Admin role"]);
    assert!(!stderr(&output).contains("firewall"));
}

#[test]
fn a_404_on_a_list_says_to_check_the_host() {
    let served = Served::start();
    let nowhere = format!("{}/elsewhere", served.url);
    for arguments in [&["list"][..], &["getTokens"], &["postToken", "role==reader"]] {
        let output = run(arguments, &nowhere, &[]);
        refused(&output, 5, &["check --host"]);
        assert!(!stderr(&output).contains("list --show-all"), "{}", stderr(&output));
    }
}

#[test]
fn the_error_names_a_proxy_that_does_not_respond() {
    let proxy = format!("http://user:hunter2@{NO_SERVER}");
    let variables = [("HTTPS_PROXY", proxy.as_str()), ("NO_PROXY", "*.example, ld.example:443, 10.0.0.0/8")];
    let output = run(&["list"], "https://ld.example", &variables);
    let named = format!("HTTPS_PROXY ({NO_SERVER})");
    refused(&output, 9, &["through the proxy", &named, "NO_PROXY takes", "no effect: *.example, ld.example:443"]);
    assert!(!stderr(&output).contains("hunter2"), "{}", stderr(&output));
    // The forms that the error lists work.
    for pattern in ["ld.invalid", ".invalid", "*", "other, ld.invalid"] {
        let output = run(&["list"], "https://ld.invalid", &[("HTTPS_PROXY", &proxy), ("NO_PROXY", pattern)]);
        assert!(!stderr(&output).contains("proxy"), "{pattern}: {}", stderr(&output));
    }
}

#[test]
fn the_error_names_a_server_without_tls() {
    let served = Served::start();
    let output = run(&["list", "-v"], &served.url.replace("http://", "https://"), &[]);
    assert_eq!(output.status.code(), Some(9));
    for words in ["does not speak HTTPS", "use --host http://", "which `ldtokens list` asked"] {
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
    assert_eq!(stderr(&output).matches("no response").count(), 1, "it is tried once: {}", stderr(&output));
}

/// OpenSSL's `s_server`, with a certificate from an unknown CA.
struct Tls {
    child: Child,
    url: String,
    ca: String,
    _folder: tempfile::TempDir,
}

impl Tls {
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let make = |name: &str, more: &[&str]| {
            let (key, certificate) = (path(&format!("{name}.key")), path(&format!("{name}.pem")));
            let mut make = Command::new("openssl");
            make.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj"]);
            make.arg(format!("/CN=ldtokens {name}")).args(["-keyout", &key, "-out", &certificate]).args(more);
            make.output().ok()?.status.success().then_some((key, certificate))
        };
        let (ca_key, ca) = make("CA", &[])?;
        let leaf = ["-CA", &ca, "-CAkey", &ca_key, "-addext", "basicConstraints=critical,CA:FALSE"];
        let (key, certificate) = make("server", &[&leaf[..], &["-addext", "subjectAltName=IP:127.0.0.1"]].concat())?;
        let mut serve = Command::new("openssl");
        serve.args(["s_server", "-accept", "127.0.0.1:0", "-www", "-cert", &certificate, "-key", &key]);
        let mut child = serve.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let accepting = lines.map_while(Result::ok).find(|line| line.starts_with("ACCEPT"));
        let Some(port) = accepting.as_ref().and_then(|line| line.rsplit(':').next()) else {
            let _ = child.kill();
            return None;
        };
        Some(Self { child, url: format!("https://127.0.0.1:{port}"), ca, _folder: folder })
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// macOS and Windows use the system's certificates.
#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn ssl_cert_file_adds_a_private_ca_and_the_error_names_it() {
    let Some(tls) = Tls::start() else { return skipped("openssl is not installed") };
    refused(&run(&["list"], &tls.url, &[]), 9, &["UnknownIssuer", "private CA", "SSL_CERT_FILE"]);
    // With it there is a connection, and the error is about OpenSSL's HTML page.
    refused(&run(&["list"], &tls.url, &[("SSL_CERT_FILE", &tls.ca)]), 1, &["text/html"]);
}

#[test]
fn a_wrong_host_is_named_with_the_command_that_asked_it() {
    let server = StaticServer::start("404 Not Found", HTML, PAGE);
    for command in [&["list"][..], &["get", "x"], &["delete", "x", "--yes"]] {
        let asked = format!("{}, which `ldtokens {}` asked", server.url, command[0]);
        refused(&run(command, &server.url, &[]), 5, &["no LaunchDarkly API at", &asked]);
        let nobody = format!("http://{NO_SERVER}");
        refused(&run(command, &nobody, &[]), 9, &[&format!("{nobody}, which `ldtokens {}` asked", command[0])]);
    }
}

/// A Compose file's host is plain HTTP, and not this machine.
#[test]
fn plain_http_to_another_machine_needs_a_flag() {
    let host = "http://launchdarkly.invalid:8765";
    refused(&run(&["list"], host, &[]), 2, &["--host", "add --allow-plain-http"]);
    refused(&run(&["list", "--allow-plain-http"], host, &[]), 9, &["could not connect"]);
}

#[test]
fn a_401_says_what_is_odd_about_the_credential() {
    let served = Served::start();
    for (credential, words) in [
        (format!("\"{OWNER}\""), "it is in quotes"),
        (format!("LD_ACCESS_TOKEN={OWNER}"), "NAME=VALUE"),
        (OWNER.replace("api-", "sdk-"), "it is an SDK key"),
        (OWNER.replace("api-", "mob-"), "it is a mobile key"),
        ("op://Work/LaunchDarkly/token".to_owned(), "op read"),
    ] {
        let output = served.acting_as(&credential, &["list"]).output().unwrap();
        refused(&output, 3, &["look at the variable LD_ACCESS_TOKEN", words]);
        assert!(!stderr(&output).contains(&OWNER[4..]), "{}", stderr(&output));
    }
}
