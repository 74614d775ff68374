//! HTTPS in front of a server that speaks plain HTTP, with a certificate made for this run.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::local::Place;
use crate::stub::serve;

/// Where systems keep the certificates that they trust.
const SYSTEM: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// It runs until the process ends.
pub(crate) struct Https {
    pub(crate) place: Place,
    /// The system's certificates and this run's own: reading all of them is part of the time of a first request.
    pub(crate) trusted: PathBuf,
}

impl Https {
    pub(crate) fn before(place: &Place, folder: &Path) -> Result<Self> {
        // A certificate authority, and its certificate for 127.0.0.1.
        let mut authority = CertificateParams::new([])?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "the benchmark's authority");
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.signed_by(&key, &authority)?;
        let system = SYSTEM.iter().find_map(|file| fs::read(file).ok()).context("this system has no certificates")?;
        let trusted = folder.join("trusted.pem");
        fs::write(&trusted, [authority.pem().into_bytes(), system].concat())?;

        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key)?;

        let acceptor = TlsAcceptor::from(Arc::new(config));
        let behind = place.host.trim_start_matches("http://").to_owned();
        let addr = serve(move |stream| pass(acceptor.clone(), stream, behind.clone()))?;
        Ok(Self { place: Place { host: format!("https://{addr}"), ..place.clone() }, trusted })
    }
}

async fn pass(acceptor: TlsAcceptor, stream: TcpStream, behind: String) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut client = acceptor.accept(stream).await?;
    let mut server = TcpStream::connect(behind).await?;
    server.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
