//! HTTPS: which certificates are trusted.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ldtokens::{AttemptEvent, Client, ConfigError, Error, Observer, RetryPolicy};
use ldtokens_server::Server;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::support::{hasty, owner, server};

/// HTTPS before `server`, by a certificate of an authority that nobody knows: its URL, and the authority's certificate.
async fn https(server: &Server) -> (String, String) {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();

    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = config.with_single_cert(vec![certificate.der().clone()], key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let behind = server.addr();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut client = acceptor.accept(stream).await?;
                assert_eq!(
                    client.get_ref().1.alpn_protocol(),
                    Some(&b"http/1.1"[..]),
                    "a server that is strict needs it"
                );
                copy_bidirectional(&mut client, &mut TcpStream::connect(behind).await?).await
            });
        }
    });
    (url, authority.pem())
}

fn once() -> RetryPolicy {
    RetryPolicy { max_attempts: 1, ..RetryPolicy::default() }
}

#[tokio::test]
async fn an_added_root_certificate_is_trusted() {
    let server = server().await;
    let (url, authority) = https(&server).await;
    let (_, stranger) = https(&server).await;
    let builder = || Client::builder(owner(&server)).host(&url).retry(once());
    assert!(matches!(builder().build().unwrap().list().send().await, Err(Error::Transport { .. })));
    let mistaken = builder().root_certificate(stranger.clone()).build().unwrap();
    assert!(matches!(mistaken.list().send().await, Err(Error::Transport { .. })));
    builder().root_certificate(authority.clone()).build().unwrap().list().send().await.unwrap();
    // A file of several, and one after the other.
    builder().root_certificate(format!("{stranger}{authority}")).build().unwrap().list().send().await.unwrap();
    let both = builder().root_certificate(stranger).root_certificate(authority).build().unwrap();
    both.list().send().await.unwrap();
}

#[tokio::test]
async fn an_invalid_root_certificate_is_refused_when_the_client_is_built() {
    let empty = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    let cut_off = "-----BEGIN CERTIFICATE-----\nMIIB\n";
    for wrong in ["", "certificate", empty, cut_off] {
        let built = Client::builder("secret".to_owned()).root_certificate(wrong).build();
        assert!(matches!(built, Err(Error::Config(ConfigError::Setting(_)))), "{wrong:?}: {built:?}");
    }
}

/// How many attempts there were.
#[derive(Debug, Default)]
struct Attempts(AtomicU32);

impl Observer for Attempts {
    fn attempt(&self, _: &AttemptEvent<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

// Our choice: the next connection would fail too.
#[tokio::test]
async fn a_certificate_that_is_not_trusted_and_a_server_without_tls_are_not_retried() {
    let server = server().await;
    for url in [https(&server).await.0, server.url().replace("http://", "https://")] {
        let attempts = Arc::new(Attempts::default());
        let builder = Client::builder(owner(&server)).host(&url).retry(hasty()).observer(attempts.clone());
        let list = builder.build().unwrap().list().send().await;
        let error = list.unwrap_err();
        assert!(matches!(error, Error::Transport { .. }) && !error.is_retryable(), "{url}: {error:?}");
        assert_eq!(attempts.0.load(Ordering::Relaxed), 1, "{url}");
    }
}

/// As OpenSSL names the variable.
#[tokio::test]
async fn ssl_cert_file_sets_the_system_certificates() {
    if let Ok(url) = std::env::var("LDTOKENS_TEST_HTTPS") {
        let client =
            Client::builder(std::env::var("LD_ACCESS_TOKEN").unwrap()).host(url).retry(once()).build().unwrap();
        client.list().send().await.unwrap();
        return;
    }
    let server = server().await;
    let (url, authority) = https(&server).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    for (certificates, trusted) in [(&authority, true), (&https(&server).await.1, false)] {
        std::fs::write(&file, certificates).unwrap();
        // The variable holds for a process, so it is another one.
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "tls::ssl_cert_file_sets_the_system_certificates"]);
        child
            .env("LDTOKENS_TEST_HTTPS", &url)
            .env("LD_ACCESS_TOKEN", owner(&server).expose())
            .env("SSL_CERT_FILE", &file);
        let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
        assert_eq!(output.status.success(), trusted, "{}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn an_ssl_cert_file_without_certificates_is_named_when_the_client_is_built() {
    if std::env::var_os("LDTOKENS_TEST_BUILD").is_some() {
        let error = Client::builder("secret").build().unwrap_err();
        assert!(matches!(error, Error::Config(ConfigError::Variable { name: "SSL_CERT_FILE", .. })), "{error:?}");
        return;
    }
    let empty = tempfile::NamedTempFile::new().unwrap();
    // What this folder has does not hide it.
    let folder = tempfile::tempdir().unwrap();
    let authority = CertificateParams::new([]).unwrap().self_signed(&KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.path().join("01234567.0"), authority.pem()).unwrap();
    for file in [std::path::Path::new(""), std::path::Path::new("/nowhere/stale.pem"), empty.path()] {
        for folder in [None, Some(folder.path())] {
            let mut child = Command::new(std::env::current_exe().unwrap());
            child.args(["--exact", "tls::an_ssl_cert_file_without_certificates_is_named_when_the_client_is_built"]);
            child.env("LDTOKENS_TEST_BUILD", "1").env("SSL_CERT_FILE", file).env_remove("SSL_CERT_DIR");
            child.envs(folder.map(|folder| ("SSL_CERT_DIR", folder)));
            let output = child.output().unwrap();
            assert!(output.status.success(), "{file:?} {folder:?}: {}", String::from_utf8_lossy(&output.stdout));
        }
    }
}

/// As a container without the package ca-certificates.
#[test]
fn without_certificates_only_https_needs_them() {
    if std::env::var_os("LDTOKENS_TEST_BUILD").is_some() {
        let plain = Client::builder("secret").host("http://ld.example").allow_plain_http();
        plain.build().unwrap();
        let error = Client::builder("secret").build().unwrap_err();
        assert!(matches!(error, Error::Config(ConfigError::Variable { name: "SSL_CERT_DIR", .. })), "{error:?}");
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "tls::without_certificates_only_https_needs_them"]).env("LDTOKENS_TEST_BUILD", "1");
    child.env("SSL_CERT_DIR", "/nowhere").env_remove("SSL_CERT_FILE");
    for proxy in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        child.env_remove(proxy);
    }
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// A program that installed other cryptography for all of its TLS, or none at all, finds it as it left it.
#[tokio::test]
async fn no_crypto_provider_is_installed_for_the_process() {
    Client::builder("secret".to_owned()).build().unwrap();
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}
