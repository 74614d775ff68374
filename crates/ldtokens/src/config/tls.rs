//! TLS: its cryptography, and the certificates that are trusted.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::ConfigError;

/// TLS 1.2 or later, trusting the system's certificates and those in `pems`.
///
/// It uses the default crypto provider if the process has installed one, and otherwise ring, for this client alone.
pub(crate) fn trusting(pems: &[Vec<u8>]) -> Result<ClientConfig, ConfigError> {
    let roots = certificates(pems)?;
    let provider = provider();
    let verifier = verifier(roots, provider.clone()).map_err(|error| match error {
        rustls::Error::InvalidCertificate(_) => {
            ConfigError::RootCertificate { reason: "it is PEM, but not a certificate" }
        }
        // Where one of these is set, the system's own certificates are not read.
        error => match ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().find(|name| std::env::var_os(name).is_some()) {
            Some(name) => ConfigError::Variable { name, reason: format!("no certificate can be read there ({error})") },
            None => ConfigError::Http(error.to_string()),
        },
    })?;
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| ConfigError::Http(error.to_string()))?;
    Ok(http1(config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()))
}

/// For plain HTTP, which needs no certificates. Reading the system's is slow.
pub(crate) fn without_roots() -> Result<ClientConfig, ConfigError> {
    let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let config = config.map_err(|error| ConfigError::Http(error.to_string()))?;
    Ok(http1(config.with_root_certificates(RootCertStore::empty()).with_no_client_auth()))
}

fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()))
}

fn certificates(pems: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let mut all = Vec::new();
    for pem in pems {
        let some: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match some {
            Ok(some) if some.is_empty() => {
                return Err(ConfigError::RootCertificate { reason: "it contains no certificate in PEM" });
            }
            Ok(some) => all.extend(some),
            Err(_) => return Err(ConfigError::RootCertificate { reason: "it is not PEM" }),
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
    if roots.is_empty() {
        Verifier::new(provider)
    } else {
        Err(rustls::Error::General("Android trusts only its own certificates".to_owned()))
    }
}

fn http1(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}
