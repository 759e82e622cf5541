//! Refresh of an access token (RFC 6749 §6).

use std::time::Duration;

use shared::{
    audit::Event,
    clients::Client,
    dynamodb::{self, Outcome},
    endpoint::{Call, ResourceError, resource},
    grants::{Classification, EndReason, Grant, Nonce, RefreshProof, RefreshRotation, RotationError},
    http::Form,
    oauth::{Scope, Switch},
    resources::Resource,
    secret::{AccessToken, Id, RefreshToken, Secret, random},
    time::Timestamp,
};

use crate::{error::Error, id_token, lost, parameters, response::Tokens, standing};

/// The most writes of a refresh that others overtake, each with another scope or after a revocation.
const MOST_WRITES: usize = 5;

/// Rotates the refresh token in `form`: issues the next pair of tokens, or the same pair again for a retry. Without
/// rotation (a compatibility switch) it issues an access token alone.
pub(crate) async fn rotate_refresh(call: &Call<'_>, client: &Client, form: &Form) -> Result<Tokens, Error> {
    let presented =
        Secret::<RefreshToken>::parse(form.require("refresh_token")?).map_err(|_| RotationError::Unknown)?;
    let scope = scope(form)?;
    let resource = named(call, client, form).await?; // RFC 8707 §2.2
    let pair = Pair::derive(&presented, Nonce(*random()));
    let rotation = RefreshRotation {
        resource: resource.as_ref().map(|resource| resource.uri.clone()),
        proof: RefreshProof {
            token: presented.digest(),
            family: presented.family(),
            generation: presented.generation(),
            client: client.id.clone(),
            issuer: call.issuer()?,
        },
        scope,
        nonce: pair.nonce,
        access: pair.access.digest(),
        refresh: (!client.compat.has(Switch::NoRotation)).then(|| pair.refresh.digest()),
        access_lifetime: parameters::lifetime(form, client)?,
        refresh_lifetime: client.lifetimes.refresh_token(),
        now: call.now,
        at: call.now,
    };
    let (mut grant, pair, retry) = rotate(call, client, &presented, rotation).await?;
    let statuses = standing::check(call, presented.id(), &grant).await.map_err(RotationError::Standing)?;
    if let Some(scope) = lost::remove(call, client, resource.as_ref(), presented.id(), &grant).await? {
        grant.scope = scope;
    }
    let tokens = pair.tokens(&presented, &grant, call.now).ok_or(RotationError::Late)?;
    call.audit(Event::Refreshed {
        grant: presented.id(),
        client: &client.id,
        token: tokens.access_token.digest().name(),
        scope: tokens.scope.to_string(),
        retry,
    });
    let id_token = id_token::for_refresh(call, client, &grant, &tokens, statuses.as_deref()).await; // Core §12.2
    Ok(Tokens { id_token, ..tokens })
}

/// Returns the requested scope, if there is one.
fn scope(form: &Form) -> Result<Option<Scope>, Error> {
    let Some(text) = form.get("scope") else { return Ok(None) };
    let scope: Scope = text.parse().map_err(|_| Error::InvalidScope)?;
    if scope.fits_a_grant() { Ok(Some(scope)) } else { Err(Error::ScopeTooLarge) }
}

/// Returns the resource that `form` names, if it names one. If the client can have no tokens for it, it must sign in again,
/// and forgets its refresh token for `invalid_grant` only.
async fn named(call: &Call<'_>, client: &Client, form: &Form) -> Result<Option<Resource>, Error> {
    match resource::named(call, client, &form.resources()).await {
        Err(error @ (ResourceError::Several | ResourceError::Table(_))) => Err(error.into()),
        result => result.map_err(Error::RefreshResource),
    }
}

/// Makes the rotation, and returns the grant with its new tokens; or, and then `true`, with the tokens of the rotation that
/// this one repeats.
async fn rotate(
    call: &Call<'_>,
    client: &Client,
    presented: &Secret<RefreshToken>,
    mut rotation: RefreshRotation,
) -> Result<(Grant, Pair, bool), Error> {
    for _ in 0..MOST_WRITES {
        let pair = Pair::derive(presented, rotation.nonce);
        let grant = match write(call, client, presented.id(), &rotation).await? {
            Outcome::Applied(grant) => return Ok((grant, pair, false)),
            Outcome::ConditionFailed(None) => return Err(RotationError::Unknown.into()),
            Outcome::ConditionFailed(Some(grant)) => grant,
        };
        match rotation.classify(&grant, client.lifetimes.refresh_grace()) {
            Classification::OwnWrite => return Ok((grant, pair, false)),
            Classification::Retry(nonce) => return Ok((grant, Pair::derive(presented, nonce), true)),
            Classification::Overtaken(at) => {
                let Pair { nonce, access, .. } = Pair::derive(presented, Nonce(*random()));
                rotation = rotation.again(nonce, access.digest(), at.max(call.app.clock.now()));
            }
            Classification::Refused(error) => {
                end_if_reused(call, client, presented.id(), error).await?;
                return Err(error.into());
            }
        }
    }
    Err(dynamodb::Error::Conflict("a refresh: others kept overtaking it").into())
}

/// Writes the rotation, unless the request asks for more scope than the client is still registered for. In that case no
/// rotation may succeed; the grant is read only to return an earlier rotation's tokens to a retry. A self-registered
/// client gets the rest of its scope (see [`lost::remove`]).
async fn write(
    call: &Call<'_>,
    client: &Client,
    id: Id,
    rotation: &RefreshRotation,
) -> Result<Outcome<Grant>, dynamodb::Error> {
    let grants = &call.app.grants;
    let exceeds = |scope: &Scope| !client.is_self_registered() && !scope.is_within(&client.scope);
    if rotation.scope.as_ref().is_some_and(exceeds) {
        return Ok(Outcome::ConditionFailed(grants.find(id).await?));
    }
    grants.issue_tokens(id, rotation, &rotation.access).await
}

/// Ends the grant after a theft, before the client gets the error (RFC 9700 §4.14.2).
async fn end_if_reused(call: &Call<'_>, client: &Client, id: Id, error: RotationError) -> Result<(), Error> {
    if error == RotationError::Reused {
        call.app.grants.end(id, EndReason::RefreshReused, call.now).await?;
        call.audit(Event::Reused { grant: id, client: &client.id });
    }
    Ok(())
}

/// The tokens that are derived from a refresh token and a nonce.
struct Pair {
    nonce: Nonce,
    access: Secret<AccessToken>,
    refresh: Secret<RefreshToken>,
}

impl Pair {
    fn derive(presented: &Secret<RefreshToken>, nonce: Nonce) -> Self {
        Self { access: presented.successor_access(&nonce.0), refresh: presented.successor(&nonce.0), nonce }
    }

    /// Returns the tokens for the response, if `grant` has this very pair: derived tokens are never issued unchecked. On
    /// a retry the access token may have expired while the refresh token is valid.
    fn tokens(self, presented: &Secret<RefreshToken>, grant: &Grant, now: Timestamp) -> Option<Tokens> {
        let refresh = grant.refresh.as_ref()?;
        // Without rotation, another request may have led to a newer access token meanwhile.
        let access = grant.access_with(&self.access.digest())?;
        let left = |end: Timestamp| end.since(now);
        let refresh_token = if refresh.digest == self.refresh.digest() {
            Some((self.refresh, refresh.end_in(grant).map_or(Duration::ZERO, left)))
        } else if refresh.digest == presented.digest() {
            None // without rotation
        } else {
            return None;
        };
        Some(Tokens {
            expires_in: grant.end_of(access).map(left),
            scope: grant.scope_of(access),
            access_token: self.access,
            refresh_token,
            id_token: None,
        })
    }
}
