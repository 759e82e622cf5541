//! Administration: commands that read and write the tables with the AWS credentials of the caller.
//!
//! # Design
//! There is no administration endpoint to attack: IAM decides who may administer.

mod apply;
mod client;
mod clock;
mod command;
mod configuration;
mod confirmation;
mod connection;
mod doctor;
mod error;
mod export;
mod key;
mod lookup;
pub(crate) mod output;
mod password;
mod progress;
mod resource;
mod scope;
mod sweep;
mod token;
mod user;
mod words;

pub use command::Command;
pub(crate) use configuration::schema;
pub use error::Error;
pub use words::switches;
