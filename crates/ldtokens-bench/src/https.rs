//! HTTPS before a place that speaks plain HTTP, with a certificate made for this run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::{fs, net};

use anyhow::{Context, Result};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::local::Place;
use crate::peers::run;

/// Where the certificates are that a system trusts.
const SYSTEM: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Until the process ends.
pub(crate) struct Https {
    pub(crate) place: Place,
    /// The system's certificates and this run's own: to read them all is a part of what a first request takes.
    pub(crate) trusted: PathBuf,
}

impl Https {
    pub(crate) fn before(place: &Place, folder: &Path) -> Result<Self> {
        let folder = folder.join("certificates");
        fs::create_dir_all(&folder)?;
        certify(&folder)?;
        let system = SYSTEM.iter().find_map(|file| fs::read(file).ok()).context("this system has no certificates")?;
        let trusted = folder.join("trusted.pem");
        fs::write(&trusted, [fs::read(folder.join("ca.pem"))?, system].concat())?;

        let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(folder.join("server.pem"))?.collect();
        let key = PrivateKeyDer::from_pem_file(folder.join("server.key"))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_no_client_auth().with_single_cert(chain?, key)?;

        let listener = net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let behind = place.host.trim_start_matches("http://").to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || {
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).expect("it listens");
                let acceptor = TlsAcceptor::from(Arc::new(config));
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(pass(acceptor.clone(), stream, behind.clone()));
                }
            });
        });
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

/// An authority, and a certificate of it for 127.0.0.1.
fn certify(folder: &Path) -> Result<()> {
    fs::write(folder.join("server.ext"), "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")?;
    let openssl = |arguments: &str| run(Command::new("openssl").args(arguments.split(' ')).current_dir(folder));
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(&format!("req -x509 {key} -subj /CN=bench -days 30 -keyout ca.key -out ca.pem"))?;
    openssl(&format!("req {key} -subj /CN=127.0.0.1 -keyout server.key -out server.csr"))?;
    let files = "-in server.csr -CA ca.pem -CAkey ca.key -extfile server.ext -out server.pem";
    openssl(&format!("x509 -req {files} -CAcreateserial -days 30"))
}
