//! The metadata of a resource (RFC 9728 §2), which is served on the resource's own host.

use serde::Serialize;

use super::Resource;
use crate::oauth::{Issuer, ResourceUri};

/// The metadata document (RFC 9728 §2).
#[derive(Clone, Debug, Serialize)]
pub struct ProtectedResourceMetadata<'a> {
    resource: &'a ResourceUri,
    authorization_servers: [&'a Issuer; 1],
    /// The default scope, and never left out: a client asks for all that is listed, or for `openid` without a list.
    scopes_supported: Vec<&'a str>,
    bearer_methods_supported: [&'static str; 1],
    resource_name: &'a str,
}

impl<'a> ProtectedResourceMetadata<'a> {
    /// Describes `resource`, for which `issuer` issues tokens.
    pub fn of(resource: &'a Resource, issuer: &'a Issuer) -> Self {
        Self {
            resource: &resource.uri,
            authorization_servers: [issuer],
            scopes_supported: resource.default_scope.values().collect(),
            bearer_methods_supported: ["header"],
            resource_name: &resource.name,
        }
    }
}
