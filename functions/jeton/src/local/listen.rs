//! Ports and addresses that the local server listens on.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
};

use tokio::net::TcpListener;

use super::error::Error;

/// Listens on a loopback port; 0 is any free port. `option` is the command-line option that sets the port.
pub async fn listen(port: u16, option: &'static str) -> Result<TcpListener, Error> {
    listen_at(Ipv4Addr::LOCALHOST.into(), port, option).await
}

/// Listens on a port of `address`.
pub(super) async fn listen_at(
    address: IpAddr,
    port: u16,
    option: &'static str,
) -> Result<TcpListener, Error> {
    TcpListener::bind((address, port)).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => Error::PortTaken { port, option },
        io::ErrorKind::AddrNotAvailable => Error::NoSuchAddress { address, option },
        _ => Error::Io(error),
    })
}

/// Parses an address to listen on. The unspecified address is invalid: with it, other machines would reach the server.
pub fn parse_address(text: &str) -> Result<IpAddr, String> {
    match text.parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() => {
            Err("that is every address of this machine: give the container engine's bridge".to_owned())
        }
        Ok(address) => Ok(address),
        Err(_) => Err("an IP address, such as 172.17.0.1".to_owned()),
    }
}
