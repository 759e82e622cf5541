//! Refreshing an access token (RFC 6749 §6).

use shared::{
    audit::Event,
    client::Client,
    grant::{Grant, Nonce, NotRotated, Presented, Rotating, Verdict, Why},
    http::{Call, Form},
    scope::Scope,
    secret::{AccessToken, RefreshToken, Secret, random},
    table::Written,
};

use crate::{Error, Tokens};

/// The next pair of tokens for the refresh token in `form`; the same pair again for a retry.
pub(crate) async fn rotate(call: &Call<'_>, client: &Client, form: &Form) -> Result<Tokens, Error> {
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
            client: client.id.clone(),
        },
        scope,
        nonce: pair.nonce,
        access: pair.access.digest(),
        refresh: pair.refresh.digest(),
        access_lifetime: client.lifetimes.access_token(),
        refresh_lifetime: client.lifetimes.refresh_token(),
        now: call.now,
    };
    let (grant, pair, retry) = match call.app.grants.write(presented.id(), &rotating).await? {
        Written::Done(grant) => (grant, pair, false),
        Written::Refused(None) => return Err(Error::Refresh(NotRotated::Unknown)),
        Written::Refused(Some(grant)) => match rotating.judge(&grant, client.lifetimes.refresh_grace()) {
            Verdict::Rotated => (grant, pair, false),
            Verdict::Retry(nonce) => (grant, Pair::derive(&presented, nonce), true),
            Verdict::Refused(reason) => return Err(refuse(call, client, &presented, reason).await?),
        },
    };
    let tokens = pair.answer(&grant, call).ok_or(Error::Refresh(NotRotated::Late))?;
    call.audit(Event::Refreshed {
        grant: presented.id(),
        client: &client.id,
        token: tokens.access_token.digest().name(),
        scope: tokens.scope.to_string(),
        retry,
    });
    Ok(tokens)
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
    fn answer(self, grant: &Grant, call: &Call<'_>) -> Option<Tokens> {
        grant.refresh.as_ref().filter(|refresh| refresh.digest == self.refresh.digest())?;
        let access = grant.access.as_ref().filter(|access| access.digest == self.access.digest())?;
        let left = grant.end_of(access).map(|end| end.since(call.now).as_secs());
        Some(Tokens {
            expires_in: u32::try_from(left.unwrap_or_default()).unwrap_or(u32::MAX),
            scope: grant.scope_of(access),
            access_token: self.access,
            refresh_token: Some(self.refresh),
        })
    }
}
