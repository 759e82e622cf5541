//! Protected resources (RFC 8707, RFC 9728): the APIs that tokens can be issued for.

mod metadata;
mod resource;
mod store;

pub use metadata::ProtectedResourceMetadata;
pub use resource::{InvalidResource, Resource};
pub use store::{Registry, Store, WriteError};
