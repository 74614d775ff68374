//! TLS: its cryptography, and the certificates that are trusted.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::ConfigError;

/// TLS 1.2 or later, trusting the system's certificates and those in `pems`. Without `pems` it is for plain HTTP, which needs no
/// certificates: reading the system's is slow.
///
/// It uses the default crypto provider if the process has installed one, and otherwise ring, for this client alone.
pub(crate) fn config(pems: Option<&[Vec<u8>]>) -> Result<ClientConfig, ConfigError> {
    let http = |error: rustls::Error| ConfigError::Http(error.to_string());
    let provider = CryptoProvider::get_default().cloned();
    let provider = provider.unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()));
    let config = ClientConfig::builder_with_provider(provider.clone());
    let config = config.with_safe_default_protocol_versions().map_err(http)?;
    let config = match pems {
        None => config.with_root_certificates(RootCertStore::empty()),
        Some(pems) => {
            let verifier = verifier(certificates(pems)?, provider).map_err(|error| match error {
                rustls::Error::InvalidCertificate(_) => unusable("it is PEM, but not a certificate"),
                // Where one of these is set, the system's own certificates are not read.
                error => {
                    match ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().find(|it| std::env::var_os(it).is_some()) {
                        Some(name) => ConfigError::Variable {
                            name,
                            reason: format!("no certificate can be read there ({error})"),
                        },
                        None => http(error),
                    }
                }
            })?;
            config.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn unusable(reason: &'static str) -> ConfigError {
    ConfigError::RootCertificate { reason }
}

fn certificates(pems: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let mut all = Vec::new();
    for pem in pems {
        let some = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let some = some.map_err(|_| unusable("it is not PEM"))?;
        if some.is_empty() {
            return Err(unusable("it contains no certificate in PEM"));
        }
        all.extend(some);
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
