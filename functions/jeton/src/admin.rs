//! Administration: commands that read and write the tables with the AWS credentials of the caller.
//!
//! # Design
//! There is no administration endpoint to attack: IAM decides who may administer.

mod client;
mod clock;
mod command;
mod connection;
mod error;
mod lookup;
mod output;
mod password;
mod resource;
mod scope;
mod sweep;
mod token;
mod user;
mod words;

pub use command::Command;
pub use error::Error;
pub use words::switches;
