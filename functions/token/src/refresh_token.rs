//! Refreshing an access token (RFC 6749 §6).

use std::time::Duration;

use shared::{
    audit::Event,
    client::Client,
    compat::Switch,
    grant::{Grant, Narrowing, Nonce, NotRotated, Presented, Rotating, Verdict, Why},
    http::{Call, Form},
    scope::Scope,
    secret::{AccessToken, Id, RefreshToken, Secret, random},
    table::{self, Written},
    time::Timestamp,
};

use crate::{Error, Tokens, asked, standing};

/// The next pair of tokens for the refresh token in `form`; the same pair again for a retry. Where refresh tokens are
/// not rotated (a compatibility switch), an access token alone.
pub(crate) async fn refresh(call: &Call<'_>, client: &Client, form: &Form) -> Result<Tokens, Error> {
    let presented = Secret::<RefreshToken>::parse(form.require("refresh_token")?)
        .map_err(|_| Error::Refresh(NotRotated::Unknown))?;
    let scope: Option<Scope> =
        form.get("scope").map(|asked| asked.parse().map_err(|_| Error::IllFormedScope)).transpose()?;
    if scope.as_ref().is_some_and(|scope| !scope.fits_a_grant()) {
        return Err(Error::ScopeTooLarge);
    }
    let pair = Pair::derive(&presented, Nonce(*random()));
    let rotating = Rotating {
        presented: Presented {
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
        access_lifetime: asked::lifetime(form, client)?,
        refresh_lifetime: client.lifetimes.refresh_token(),
        now: call.now,
    };
    let (mut grant, pair, retry) = match write(call, client, presented.id(), &rotating).await? {
        Written::Done(grant) => (grant, pair, false),
        Written::Refused(None) => return Err(Error::Refresh(NotRotated::Unknown)),
        Written::Refused(Some(grant)) => match rotating.judge(&grant, client.lifetimes.refresh_grace()) {
            Verdict::Rotated => (grant, pair, false),
            Verdict::Retry(nonce) => (grant, Pair::derive(&presented, nonce), true),
            Verdict::Refused(reason) => return Err(refuse(call, client, &presented, reason).await?),
        },
    };
    standing::check(call, presented.id(), &grant)
        .await
        .map_err(|fallen| Error::Refresh(NotRotated::Fallen(fallen)))?;
    if let Some(scope) = narrowed(call, client, &presented, &grant).await {
        grant.scope = scope;
    }
    let tokens = pair.answer(&presented, &grant, call).ok_or(Error::Refresh(NotRotated::Late))?;
    call.audit(Event::Refreshed {
        grant: presented.id(),
        client: &client.id,
        token: tokens.access_token.digest().name(),
        scope: tokens.scope.to_string(),
        retry,
    });
    Ok(tokens)
}

/// Rotates, unless more scope is requested than `client` may still have: then only a retry is answered.
async fn write(
    call: &Call<'_>,
    client: &Client,
    id: Id,
    rotating: &Rotating,
) -> Result<Written<Grant>, table::Error> {
    let grants = &call.app.grants;
    if rotating.scope.as_ref().is_some_and(|scope| !scope.is_within(&client.scope)) {
        return Ok(Written::Refused(grants.find(id).await?));
    }
    grants.issue_tokens(id, rotating, &rotating.access).await
}

/// The scope that is left of `grant`, if its client is no longer registered for all of it. What the client has lost leaves
/// the grant for good: two requests more, the first time only. Should one fail, the next refresh tries again: the
/// client could not, as its token is spent.
async fn narrowed(
    call: &Call<'_>,
    client: &Client,
    presented: &Secret<RefreshToken>,
    grant: &Grant,
) -> Option<Scope> {
    if grant.scope.is_within(&client.scope) {
        return None;
    }
    // The registration may have been remembered from before the client was given what the user has agreed to since.
    let (client, _) = call.app.clients.read(&client.id).await.ok()??;
    let lost = grant.scope.without(&client.scope);
    if lost.is_empty() {
        return None;
    }
    let narrowing = Narrowing { client: client.id, lost };
    match call.app.grants.write(presented.id(), &narrowing).await.ok()? {
        Written::Done(grant) => Some(grant.scope),
        Written::Refused(_) => None, // it was ended meanwhile
    }
}

/// Why there are no tokens. Theft ends the grant before anyone is told.
async fn refuse(
    call: &Call<'_>,
    client: &Client,
    presented: &Secret<RefreshToken>,
    reason: NotRotated,
) -> Result<Error, Error> {
    if reason == NotRotated::Reused {
        call.app.grants.end(presented.id(), Why::RefreshReused, call.now).await?;
        call.audit(Event::Reused { grant: presented.id(), client: &client.id });
    }
    Ok(Error::Refresh(reason))
}

/// The tokens that follow a refresh token.
struct Pair {
    nonce: Nonce,
    access: Secret<AccessToken>,
    refresh: Secret<RefreshToken>,
}

impl Pair {
    fn derive(presented: &Secret<RefreshToken>, nonce: Nonce) -> Self {
        Self { access: presented.successor_access(&nonce.0), refresh: presented.successor(&nonce.0), nonce }
    }

    /// The answer, if `grant` holds this very pair: nothing that was derived is handed out on trust. A retry may find
    /// the access token at its end, and the refresh token still good.
    fn answer(self, presented: &Secret<RefreshToken>, grant: &Grant, call: &Call<'_>) -> Option<Tokens> {
        let refresh = grant.refresh.as_ref()?;
        // Where tokens are not rotated, another request may have led to a newer one meanwhile.
        let access = grant.access_with(&self.access.digest())?;
        let left = |end: Timestamp| end.since(call.now);
        Some(Tokens {
            expires_in: grant.end_of(access).map(left),
            scope: grant.scope_of(access),
            access_token: self.access,
            refresh_token: if refresh.digest == self.refresh.digest() {
                Some((self.refresh, refresh.end_in(grant).map_or(Duration::ZERO, left)))
            } else if refresh.digest == presented.digest() {
                None // it was not rotated
            } else {
                return None;
            },
        })
    }
}
