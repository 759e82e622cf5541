//! The reasons why the local server does not start.

use std::{io, net::IpAddr};

use aws_sdk_dynamodb::error::BoxError;
use shared::config::InvalidVariable;

use super::{demo, signing_key};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("port {port} is taken by another program; choose another one with {option} (0: any free port)")]
    PortTaken {
        port: u16,
        /// The command-line option that sets the port.
        option: &'static str,
    },
    #[error("{address} is no address of this machine; choose another one with {option}")]
    NoSuchAddress {
        address: IpAddr,
        /// The command-line option that sets the address.
        option: &'static str,
    },
    #[error(
        "the database {0} is in use, probably by another `jeton serve`; choose another one with --database"
    )]
    DatabaseInUse(String),
    #[error("the database {file} cannot be opened: {reason}")]
    Database { file: String, reason: String },
    #[error(transparent)]
    Config(#[from] InvalidVariable),
    #[error("the tables cannot be created: {0}")]
    Tables(BoxError),
    #[error("the demo cannot be registered: {0}")]
    Demo(#[from] demo::error::Error),
    #[error("the signing key cannot be made: {0}")]
    SigningKey(#[from] signing_key::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}
