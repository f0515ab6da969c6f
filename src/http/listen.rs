//! The addresses a server listens on, and why it can't serve. It serves nothing itself.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};

/// Which of a server's two listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The API's.
    Api,
    /// The operator's.
    Admin,
}

/// Why a server doesn't serve, or does so no longer.
#[derive(Debug)]
pub enum ServeError {
    /// An address can't be listened on.
    Listen {
        /// Whose it is.
        door: Door,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The certificate can't be used, or the system has no thread or no socket left.
    Run(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { address, error, .. } => write!(f, "{address} can't be listened on: {error}"),
            Self::Run(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ServeError {}

impl From<io::Error> for ServeError {
    fn from(error: io::Error) -> Self {
        Self::Run(error)
    }
}

/// Listens there.
pub(super) fn listen(door: Door, address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).map_err(|error| ServeError::Listen { door, address, error })
}
