//! The local server: every function behind one loopback HTTP server, over an embedded DynamoDB.

mod database;
mod demo;
mod door;
mod gateway;
mod policy;
mod routes;
mod sample;
mod serve;

pub use database::{Database, Storage};
pub use gateway::{Gateway, run_as, running};
pub use policy::Policy;
pub use routes::{ROUTES, route_of};
pub use sample::route_scopes;
pub use serve::{Options, serve};

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
};

use tokio::net::TcpListener;

/// A server of ours that cannot start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another program listens there.
    #[error(
        "port {port} is taken by another program; choose another one with {option} (0: any that is free)"
    )]
    PortTaken {
        /// The port.
        port: u16,
        /// The option that chooses it.
        option: &'static str,
    },
    /// This machine has no such address.
    #[error("{address} is no address of this machine; choose another one with {option}")]
    NoSuchAddress {
        /// The address.
        address: IpAddr,
        /// The option that chooses it.
        option: &'static str,
    },
    /// The database is somebody else's at the moment.
    #[error(
        "the database {0} is in use, probably by another `jeton serve`; choose another one with --database"
    )]
    DatabaseInUse(String),
    /// The database cannot be opened.
    #[error("the database {file} cannot be opened: {reason}")]
    Database {
        /// Its file.
        file: String,
        /// What happened.
        reason: String,
    },
    /// Configuration that cannot be.
    #[error(transparent)]
    Config(#[from] shared::config::Invalid),
    /// The tables could not be made.
    #[error("the tables cannot be made: {0}")]
    Tables(String),
    /// The demo could not be set up.
    #[error("the demo cannot be registered: {0}")]
    Demo(String),
    /// The network.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Listens on a loopback port; 0 is any that is free.
pub async fn listen(port: u16, option: &'static str) -> Result<TcpListener, Error> {
    listen_at(Ipv4Addr::LOCALHOST.into(), port, option).await
}

/// Listens on a port of this address.
async fn listen_at(address: IpAddr, port: u16, option: &'static str) -> Result<TcpListener, Error> {
    TcpListener::bind((address, port)).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => Error::PortTaken { port, option },
        io::ErrorKind::AddrNotAvailable => Error::NoSuchAddress { address, option },
        _ => Error::Io(error),
    })
}

/// An address to listen on. All addresses at once are refused: other machines would reach the server.
pub fn one_address(text: &str) -> Result<IpAddr, String> {
    match text.parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() => {
            Err("that is every address of this machine: give the container engine's bridge".to_owned())
        }
        Ok(address) => Ok(address),
        Err(_) => Err("an IP address, such as 172.17.0.1".to_owned()),
    }
}
