//! Values of the OAuth RFCs.

mod auth_method;
mod client_id;
mod grant_type;
mod issuer;
pub mod openid_scope;
pub mod pkce;
pub mod redirect_uri;
mod resource_uri;
pub mod scope;
mod switch;

use std::fmt::Display;

use strum::VariantArray;

pub use auth_method::AuthMethod;
pub use client_id::{ClientId, InvalidClientId};
pub use grant_type::GrantType;
pub use issuer::{InvalidIssuer, Issuer, is_loopback};
pub use resource_uri::{InvalidResourceUri, RequestedResource, ResourceUri};
pub use scope::{InvalidScope, Scope};
pub use switch::{About, Holder, Switch, Switches};

/// Returns the error message for text that is not the name of a variant of `T`.
pub(crate) fn must_be_one_of<T: VariantArray + Display>(_: &str) -> String {
    let words: Vec<_> = T::VARIANTS.iter().map(T::to_string).collect();
    format!("must be one of {}", words.join(", "))
}
