//! The addresses a server listens on, and why it can't serve. The API's address is taken at the start, so that an address
//! that can't be had is noticed then, but connections are refused there until somebody can answer them.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::store::StoreError;

/// Connections that wait to be taken in, as actix has it.
const BACKLOG: i32 = 1_024;

/// Which of a server's two listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// The API's.
    Api,
    /// The operator's.
    Admin,
}

/// Why a server didn't serve, or stopped.
#[derive(Debug)]
pub enum ServeError {
    /// An address can't be listened on.
    Listen {
        /// Whose it is.
        listener: Listener,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The certificate can't be used, or the system has no thread or no socket left.
    Run(io::Error),
    /// The engine can't be started.
    Database(StoreError),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { address, error, .. } => write!(f, "{address} can't be listened on: {error}"),
            Self::Run(error) => error.fmt(f),
            Self::Database(error) => error.fmt(f),
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
pub(super) fn listen(listener: Listener, address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).map_err(|error| ServeError::Listen { listener, address, error })
}

/// The API's address, taken.
pub(super) struct Bound {
    socket: Socket,
    address: SocketAddr,
}

impl Bound {
    /// Takes an address, with what connections take over from the listener.
    pub(super) fn take(address: SocketAddr, unread_timeout: Duration) -> Result<Self, ServeError> {
        let bind = || {
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
            // As the standard library has it.
            socket.set_reuse_address(true)?;
            // Linux counts from the last time that anything was taken in: a client that only says that it lives doesn't
            // put it off.
            socket.set_tcp_user_timeout(Some(unread_timeout))?;
            // Else the last piece of a large answer waits until the reader has acknowledged those before, 40 ms.
            socket.set_tcp_nodelay(true)?;
            socket.bind(&address.into())?;
            let taken = socket.local_addr()?.as_socket();
            let taken = taken.ok_or_else(|| io::Error::other("an address that is none of IP"))?;
            Ok(Self { socket, address: taken })
        };
        bind().map_err(|error| refused(address, error))
    }

    /// Which address it is, with the port that was free.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes connections in. Of several that have taken an address while none took connections in, only one can.
    pub(super) fn listen(self) -> Result<TcpListener, ServeError> {
        let Self { socket, address } = self;
        socket.listen(BACKLOG).map_err(|error| refused(address, error))?;
        Ok(socket.into())
    }
}

fn refused(address: SocketAddr, error: io::Error) -> ServeError {
    ServeError::Listen { listener: Listener::Api, address, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_another_has_is_named_whenever_that_is_noticed() {
        let take = |address| Bound::take(address, Duration::from_secs(1));
        let first = take(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let taken = first.address();
        let also = take(taken).expect("nobody takes connections in yet");
        let _listening = first.listen().expect("nobody else does");
        for refused in [also.listen().map(drop), take(taken).map(drop)] {
            let Err(ServeError::Listen { listener, address, error }) = refused else {
                panic!("{refused:?}");
            };
            let expected = (Listener::Api, taken, io::ErrorKind::AddrInUse);
            assert_eq!((listener, address, error.kind()), expected);
        }
    }
}
