use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::faults::fault::InvalidFault;

/// Why a server can't start. Nothing was changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The address can't be listened on.
    Listen {
        /// The address.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The admin endpoint, where anyone may make things go wrong, is for this machine alone.
    AdminAddr {
        /// The address, which is not of loopback.
        addr: SocketAddr,
    },
    /// The store can't be opened.
    Store {
        /// The store's file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The secret given for the owner can't be one.
    OwnerSecret {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A fault can never be injected, or not as it says.
    Fault(InvalidFault),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { addr, source } if source.kind() == io::ErrorKind::AddrInUse => {
                write!(f, "{addr} is in use: stop what listens there, or choose another port (0 takes a free one)")
            }
            Self::Listen { addr, source } => write!(f, "cannot listen on {addr}: {source}"),
            Self::AdminAddr { addr } => {
                write!(f, "the admin endpoint can't be on {addr}: it is for this machine alone, as on 127.0.0.1:0")
            }
            Self::Store { path, reason } => write!(f, "cannot open the store {}: {reason}", path.display()),
            Self::OwnerSecret { reason } => write!(f, "the owner's secret can't be used: {reason}"),
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
