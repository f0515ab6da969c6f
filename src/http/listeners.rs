//! The API's address is taken at the start, so that an address that can't be had is noticed then, but
//! connections are refused there until somebody can answer them.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// Connections that wait to be taken in, as actix has it.
const BACKLOG: i32 = 1_024;

/// An address that is taken.
pub(super) struct Bound(Socket);

impl Bound {
    /// Takes an address, with what connections take over from the listener.
    pub(super) fn take(address: SocketAddr, unread_timeout: Duration) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        // As the standard library has it.
        socket.set_reuse_address(true)?;
        // Linux counts from the last time that anything was taken in: a client that only says that it lives doesn't put
        // it off.
        socket.set_tcp_user_timeout(Some(unread_timeout))?;
        // Else the last piece of a large answer waits until the reader has acknowledged those before, 40 ms.
        socket.set_tcp_nodelay(true)?;
        socket.bind(&address.into())?;
        Ok(Self(socket))
    }

    /// Which address it is, with the port that was free.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        let address = self.0.local_addr()?.as_socket();
        address.ok_or_else(|| io::Error::other("an address that is none of IP"))
    }

    /// Takes connections in.
    pub(super) fn listen(self) -> io::Result<TcpListener> {
        self.0.listen(BACKLOG)?;
        Ok(self.0.into())
    }
}
