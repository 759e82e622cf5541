//! What a grant has lost since the user consented: scope that its client may no longer have, or the resource.
//!
//! # Design
//! An administrator registers what a client may have; what a self-registered client may have is what the resource lists.
//! A cached registration may be older than the consent, so both are read before anything is removed or refused.

use std::time::Duration;

use shared::{
    clients::Client,
    dynamodb::{self, Outcome},
    endpoint::Call,
    grants::{Grant, RotationError, ScopeRemoval},
    oauth::{ResourceUri, Scope},
    resources::Resource,
    secret::Id,
};
use tokio::time::timeout;

use crate::error::Error;

/// The longest wait for the registrations and the removal.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Removes the scope that the client may no longer have from the grant, and returns the rest: two more requests to
/// DynamoDB, or three for a self-registered client, the first time only. `None`: nothing was removed. `named` is the
/// grant's resource, if the request named it.
///
/// Returns [`RotationError::LostResource`] if the client may no longer have tokens for the grant's resource. The grant
/// lives on, but the presented token is spent.
///
/// A failure is ignored: the rotation is done, and an error would cost the client its tokens. The next refresh removes
/// the values.
pub(crate) async fn remove(
    call: &Call<'_>,
    client: &Client,
    named: Option<&Resource>,
    id: Id,
    grant: &Grant,
) -> Result<Option<Scope>, RotationError> {
    match timeout(TIMEOUT, remove_or_fail(call, client, named, id, grant)).await {
        Ok(Err(Error::Refresh(lost))) => Err(lost),
        Ok(Ok(left)) => Ok(left),
        Ok(Err(_)) | Err(_) => Ok(None),
    }
}

async fn remove_or_fail(
    call: &Call<'_>,
    client: &Client,
    named: Option<&Resource>,
    id: Id,
    grant: &Grant,
) -> Result<Option<Scope>, Error> {
    let uri = grant.resource.as_ref();
    let cached = match (uri, named) {
        (Some(uri), None) if client.is_self_registered() => {
            call.app.resources.registry(call.now).await?.get(uri).cloned()
        }
        (Some(_) | None, named) => named.cloned(),
    };
    if scope_left(client, uri, cached.as_ref()).is_some_and(|left| grant.scope.is_within(&left)) {
        return Ok(None);
    }
    let Some((client, resource)) = registrations(call, client, uri).await? else { return Ok(None) };
    let left = scope_left(&client, uri, resource.as_ref()).ok_or(RotationError::LostResource)?;
    let lost = grant.scope.without(&left);
    if lost.is_empty() {
        return Ok(None);
    }
    let removal = ScopeRemoval { client: client.id, lost };
    Ok(match call.app.grants.write(id, &removal).await? {
        Outcome::Applied(grant) => Some(grant.scope),
        Outcome::ConditionFailed(_) => None, // the grant was ended meanwhile
    })
}

/// Reads the registration of the client, and that of the resource `uri` if it decides. `None`: the client was deleted.
async fn registrations(
    call: &Call<'_>,
    client: &Client,
    uri: Option<&ResourceUri>,
) -> Result<Option<(Client, Option<Resource>)>, dynamodb::Error> {
    let Some((client, _)) = call.app.clients.read(&client.id).await? else { return Ok(None) };
    let resource = match uri {
        Some(uri) if client.is_self_registered() => call.app.resources.read().await?.get(uri).cloned(),
        Some(_) | None => None,
    };
    Ok(Some((client, resource)))
}

/// Returns the scope that `client` may still have of a grant for the resource `uri`, or for none. `None`: it may not have
/// tokens for it. `resource` is the registration of the resource, which decides for a self-registered client.
///
/// # Design
/// Unlike [`Client::most_scope`], what the resource lists does not limit the grants of an administrator's client: their
/// refreshes read no registry unless they name the resource.
fn scope_left(client: &Client, uri: Option<&ResourceUri>, resource: Option<&Resource>) -> Option<Scope> {
    match uri {
        Some(_) if client.is_self_registered() => resource
            .filter(|resource| client.may_request(resource))
            .map(|resource| client.most_scope(Some(resource))),
        uri => client.is_registered_for(uri).then(|| client.scope.clone()),
    }
}
