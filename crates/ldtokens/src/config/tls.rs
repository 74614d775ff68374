//! TLS: its cryptography, and the certificates that are trusted.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::ConfigError;
use crate::config::unusable;

/// TLS 1.2 or later, trusting the system's certificates and those in `pems`. Without `pems` it is for plain HTTP, which needs no
/// certificates: reading the system's is slow.
///
/// It uses the default crypto provider if the process has installed one, and otherwise ring, for this client alone.
pub(crate) fn config(pems: Option<&[Vec<u8>]>) -> Result<ClientConfig, ConfigError> {
    let provider = CryptoProvider::get_default().cloned();
    let provider = provider.unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()));
    let config = ClientConfig::builder_with_provider(provider.clone());
    let config = config.with_safe_default_protocol_versions().map_err(unusable)?;
    let config = match pems {
        None => config.with_root_certificates(RootCertStore::empty()),
        Some(pems) => {
            check_file()?;
            let verifier = verifier(certificates(pems)?, provider).map_err(|error| match error {
                rustls::Error::InvalidCertificate(_) => unusable_root("it is PEM, but not a certificate"),
                // If it is set, the system's own certificates are not read.
                error if std::env::var_os("SSL_CERT_DIR").is_some() => no_certificate("SSL_CERT_DIR", error),
                error => unusable(format!("{error}; install them (the package ca-certificates), or set SSL_CERT_FILE")),
            })?;
            config.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The system's certificates are those of these variables, where the system has no other way. A file without any would count for
/// nothing beside others, and nobody would know.
fn check_file() -> Result<(), ConfigError> {
    let is_read = cfg!(all(unix, not(target_vendor = "apple"), not(target_os = "android")));
    let Some(file) = std::env::var_os("SSL_CERT_FILE").filter(|_| is_read) else { return Ok(()) };
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| no_certificate("SSL_CERT_FILE", error))?;
    match certificates.into_iter().any(|certificate| certificate.is_ok()) {
        true => Ok(()),
        false => Err(no_certificate("SSL_CERT_FILE", "it has none in PEM")),
    }
}

fn no_certificate(name: &'static str, reason: impl fmt::Display) -> ConfigError {
    ConfigError::variable(name, format!("no certificate can be read there ({reason})"))
}

fn unusable_root(reason: &str) -> ConfigError {
    ConfigError::Setting(format!("the root certificate can't be used: {reason}"))
}

fn certificates(pems: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let mut all = Vec::new();
    for pem in pems {
        match CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>() {
            Ok(none) if none.is_empty() => return Err(unusable_root("it contains no certificate in PEM")),
            Ok(some) => all.extend(some),
            Err(_) => return Err(unusable_root("it is not PEM")),
        }
    }
    Ok(all)
}

#[cfg(not(target_os = "android"))]
fn verifier(roots: Vec<CertificateDer<'static>>, provider: Arc<CryptoProvider>) -> Result<Verifier, rustls::Error> {
    Verifier::new_with_extra_roots(roots, provider)
}

#[cfg(target_os = "android")]
fn verifier(roots: Vec<CertificateDer<'static>>, provider: Arc<CryptoProvider>) -> Result<Verifier, rustls::Error> {
    match roots.is_empty() {
        true => Verifier::new(provider),
        false => Err(rustls::Error::General("Android trusts only its own certificates".to_owned())),
    }
}
