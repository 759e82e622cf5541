//! Clients: the registered applications (RFC 6749 §2).

mod client;
pub mod description;
mod invalid_registration;
mod lifetimes;
mod redirect_uri;
mod registration;
mod scope;
mod store;

pub use client::{Client, RegisteredSecret};
pub use description::Description;
pub use invalid_registration::InvalidRegistration;
pub use lifetimes::Lifetimes;
pub use registration::Registration;
pub use scope::ScopeError;
pub use store::{FindError, Found, Store, WriteError};
