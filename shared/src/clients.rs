//! Clients: the registered applications (RFC 6749 §2).

mod client;
pub mod description;
mod invalid_registration;
pub mod life;
mod lifetimes;
mod redirect_uri;
mod register;
mod registration;
mod scope;
mod self_registration;
mod store;

pub use client::{Client, RegisteredSecret};
pub use description::Description;
pub use invalid_registration::InvalidRegistration;
pub use lifetimes::Lifetimes;
pub use register::{RegisterError, SelfRegistered};
pub use registration::Registration;
pub use scope::ScopeError;
pub use self_registration::{NoRedirectUri, RedirectUris, SelfRegistration};
pub use store::{FindError, Found, Listed, Listing, Store, WriteError};
