//! Options that `client create` and `client update` share.

use shared::{
    clients::Client,
    oauth::{
        GrantType, Issuer, ResourceUri, Switches,
        openid_scope::{EMAIL, OPENID, PROFILE},
    },
    resources::{Registry, WriteError},
};

use crate::admin::{
    connection::Admin,
    error::{Error, InvalidInput},
    words::resource_uri,
};

/// The scope values of `--openid`.
pub(super) const OPENID_SCOPE: [&str; 3] = [OPENID, PROFILE, EMAIL];

/// Checks that the client of `--openid` can get ID tokens.
pub(super) fn check_openid(client: &Client) -> Result<(), InvalidInput> {
    if client.grant_types.contains(&GrantType::AuthorizationCode) {
        Ok(())
    } else {
        Err(InvalidInput::OpenIdWithoutCode)
    }
}

/// Returns the URL of the discovery document (OpenID Connect Discovery §4).
pub(super) fn discovery_url(issuer: &Issuer) -> String {
    issuer.endpoint("/.well-known/openid-configuration")
}

/// The value of a `--resource` or `--serves` option.
#[derive(Clone, Debug)]
pub(super) enum ResourceOrAny {
    Resource(ResourceUri),
    Any,
}

/// Parses a resource's URI, or `any`.
pub(super) fn resource_or_any(text: &str) -> Result<ResourceOrAny, String> {
    if text == "any" { Ok(ResourceOrAny::Any) } else { resource_uri(text).map(ResourceOrAny::Resource) }
}

impl Admin {
    /// Returns the resources of these options as they are registered, each once; none for `any`. A resource that is not
    /// registered is an error: a client with a misspelt one would get no token, or see none.
    pub(super) async fn registered(&self, options: &[ResourceOrAny]) -> Result<Vec<ResourceUri>, Error> {
        let given = |option: &ResourceOrAny| match option {
            ResourceOrAny::Resource(uri) => Some(uri.clone()),
            ResourceOrAny::Any => None,
        };
        let uris: Vec<_> = options.iter().filter_map(given).collect();
        if uris.is_empty() {
            return Ok(uris);
        }
        if uris.len() < options.len() {
            return Err(InvalidInput::AnyAndResources.into());
        }
        Ok(registered(&self.app.resources.read().await?, uris)?)
    }
}

/// Returns the resources as they are registered, each once.
pub(in crate::admin) fn registered(
    registry: &Registry,
    mut uris: Vec<ResourceUri>,
) -> Result<Vec<ResourceUri>, WriteError> {
    for uri in &mut uris {
        *uri = registry.registered(uri)?.uri.clone();
    }
    // A String Set has each member once.
    uris.sort();
    uris.dedup();
    Ok(uris)
}

/// Returns the switches of all `--compat` options together.
pub(super) fn all_switches(options: &[Switches]) -> Switches {
    options.iter().flat_map(Switches::iter).collect()
}
