//! The registration of a resource.

use serde::{Deserialize, Serialize};

use crate::{
    config::display_name,
    oauth::{InvalidScope, ResourceUri, Scope, openid_scope},
};

/// A protected resource (RFC 9728 §1.2): an API that tokens can be issued for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    pub uri: ResourceUri,
    /// The name that users see (`resource_name`).
    pub name: String,
    /// Every scope value that a token for the resource may have. A String Set, left out if empty.
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// The scope of a request that asks for no scope of the resource (`scopes_supported`). A String Set, left out if
    /// empty.
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    pub default_scope: Scope,
    /// Whether self-registered clients may ask for tokens for the resource.
    pub open: bool,
}

/// The reason why a resource cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResource {
    #[error("a name is one line of 1 to {} characters", Resource::MOST_NAME_CHARACTERS)]
    Name,
    #[error(transparent)]
    Scope(#[from] InvalidScope),
    /// A token can then have all of the scope.
    #[error(
        "the scope of a resource is at most 20 values of 224 bytes together, as much as one grant carries"
    )]
    ScopeTooLarge,
    /// A value of OpenID Connect, which means the same at every resource.
    #[error("a resource cannot list {0}: it is a scope value of OpenID Connect")]
    Reserved(&'static str),
    #[error("the default scope must be part of the scope")]
    DefaultScopeOutsideScope,
}

impl Resource {
    /// The most characters in a name.
    pub const MOST_NAME_CHARACTERS: usize = 100;

    /// Checks the properties that go together.
    pub fn checked(self) -> Result<Self, InvalidResource> {
        if !display_name::is_plain_line(&self.name, Self::MOST_NAME_CHARACTERS) {
            return Err(InvalidResource::Name);
        }
        if !self.scope.fits_a_grant() {
            return Err(InvalidResource::ScopeTooLarge);
        }
        if let Some(reserved) = openid_scope::RESERVED.into_iter().find(|value| self.scope.has(value)) {
            return Err(InvalidResource::Reserved(reserved));
        }
        if !self.default_scope.is_within(&self.scope) {
            return Err(InvalidResource::DefaultScopeOutsideScope);
        }
        Ok(self)
    }
}
