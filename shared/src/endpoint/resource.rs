//! The resource that a request asks for (RFC 8707 §2).

use super::Call;
use crate::{
    clients::Client,
    dynamodb,
    oauth::RequestedResource,
    resources::{Registry, Resource},
};

/// The reason why a request gets no tokens for a resource. Its `Display` is the exact reason, for the log.
#[derive(Debug, thiserror::Error)]
pub enum ResourceError {
    /// A grant is for one resource at most (RFC 8707 §2 permits several).
    #[error("the request names several resources")]
    Several,
    #[error("the resource is not an absolute URI without a fragment")]
    Malformed,
    #[error("the resource is not registered")]
    Unknown,
    #[error("the resource is not open to self-registered clients")]
    NotOpen,
    #[error("the client is not registered for the resource")]
    NotRegisteredFor,
    /// A self-registered client named no resource. The number of open resources is not 1.
    #[error("a self-registered client named no resource, and {0} resources are open")]
    UnnamedOfOpen(usize),
    /// The client has a list of several resources, and named none of them.
    #[error("the client named no resource, and is registered for {0} resources")]
    UnnamedOfList(usize),
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

impl ResourceError {
    /// Returns the `error_description`. It does not tell whether a resource exists that the client may not request.
    pub const fn description(&self) -> &'static str {
        match self {
            Self::Several => "Ask for one resource at a time.",
            Self::Malformed => "The resource is not an absolute URI without a fragment.",
            Self::Unknown | Self::NotOpen | Self::NotRegisteredFor => {
                "The resource is unknown, or this client may not request it."
            }
            Self::UnnamedOfOpen(_) | Self::UnnamedOfList(_) => "Name the resource that the tokens are for.",
            Self::Table(_) => "The server cannot answer right now. Try again in a moment.",
        }
    }
}

/// Returns the resource that `client` asks for. `named` are the values of the parameter `resource`. `None`: the tokens
/// are for no resource in particular.
///
/// # Design
/// A self-registered client has no scope of its own, so its requests are always for a resource. Some of these clients
/// name none: then the deployment's only open resource is meant. Likewise the only resource in a client's list, because
/// an administrator limits the client to its list.
pub async fn requested(
    call: &Call<'_>,
    client: &Client,
    named: &[&str],
) -> Result<Option<Resource>, ResourceError> {
    let requested = match *named {
        [] => None,
        [resource] => Some(resource.parse().map_err(|_| ResourceError::Malformed)?),
        [_, _, ..] => return Err(ResourceError::Several),
    };
    if requested.is_none() && client.is_registered_for(None) && !client.is_self_registered() {
        return Ok(None);
    }
    let select = |registry: &Registry| select(registry, client, requested.as_ref());
    call.app.resources.find(call.now, select).await?.map(Some)
}

/// Returns the resource that `client` names in a request about a grant (RFC 8707 §2.2). `None`: it names none, and the
/// grant's is meant.
pub async fn named(
    call: &Call<'_>,
    client: &Client,
    named: &[&str],
) -> Result<Option<Resource>, ResourceError> {
    if named.is_empty() { Ok(None) } else { requested(call, client, named).await }
}

fn select(
    registry: &Registry,
    client: &Client,
    requested: Option<&RequestedResource>,
) -> Result<Resource, ResourceError> {
    let resource = match (requested, client.resources.as_slice()) {
        (Some(requested), _) => registry.named(requested).ok_or(ResourceError::Unknown)?,
        (None, _) if client.is_self_registered() => {
            registry.only_open().map_err(ResourceError::UnnamedOfOpen)?
        }
        (None, [only]) => registry.get(only).ok_or(ResourceError::Unknown)?,
        (None, list) => return Err(ResourceError::UnnamedOfList(list.len())),
    };
    if client.may_request(resource) {
        Ok(resource.clone())
    } else if client.is_self_registered() {
        Err(ResourceError::NotOpen)
    } else {
        Err(ResourceError::NotRegisteredFor)
    }
}
