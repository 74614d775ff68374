use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::faults::fault::InvalidFault;

/// Why the server did not start. Nothing was changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The server can't listen on the address.
    Listen {
        /// The address.
        addr: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// The address of the admin endpoint is not one of loopback. Anyone who reaches it can inject faults.
    AdminAddr {
        /// The address.
        addr: SocketAddr,
    },
    /// The store can't be opened.
    Store {
        /// The store's file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The secret given for the owner is invalid.
    OwnerSecret {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A fault is invalid.
    Fault(InvalidFault),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { addr, source } if source.kind() == io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "{addr} is in use: stop the program that listens there, or choose another port (0 takes a free one)"
                )
            }
            Self::Listen { addr, source } => write!(f, "cannot listen on {addr}: {source}"),
            Self::AdminAddr { addr } => {
                write!(
                    f,
                    "the admin endpoint can't listen on {addr}: it is for this machine alone; choose an address of loopback, such as 127.0.0.1:0"
                )
            }
            Self::Store { path, reason } => write!(f, "cannot open the store {}: {reason}", path.display()),
            Self::OwnerSecret { reason } => write!(f, "the owner's secret is invalid: {reason}"),
            Self::Fault(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<InvalidFault> for StartError {
    fn from(error: InvalidFault) -> Self {
        Self::Fault(error)
    }
}
