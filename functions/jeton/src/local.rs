//! The local server: every function behind one loopback HTTP server, over an embedded DynamoDB.

mod admission;
mod authorization;
mod cors;
mod database;
mod demo;
mod demo_page;
mod engine;
mod error;
mod event;
mod gateway;
mod http_server;
mod listen;
mod mcp;
mod origin_guard;
mod response;
mod routes;
mod run_as;
mod sample;
#[cfg(test)]
mod scratch;
mod serve;
mod signing_key;

pub use database::{Database, Storage};
pub use engine::{Engine, TARGET, connect};
pub use error::Error;
pub use gateway::Gateway;
pub use listen::{listen, parse_address};
pub use routes::ROUTES;
pub use run_as::{run_as, running};
pub use sample::route_scopes;
pub use serve::{Options, serve};
pub use signing_key::{LocalSigner, PrivateKey};
