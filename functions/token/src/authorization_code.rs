//! The authorization code grant (RFC 6749 §4.1.3): tokens for a code.

use shared::{
    audit::Event,
    client::{Client, GrantType},
    grant::{Access, Grant, LONGEST_GRANT, NotRedeemed, Redemption, Refresh, Shown, Tokens as Issued, Why},
    http::{Call, Form},
    pkce,
    secret::{AuthorizationCode, Digest, Id, RefreshToken, Secret, random},
    table::Written,
};

use crate::{Error, Tokens};

/// Tokens for the code in `form`, once.
pub(crate) async fn redeem(call: &Call<'_>, client: &Client, form: &Form) -> Result<Tokens, Error> {
    let code = Secret::<AuthorizationCode>::parse(form.require("code")?)
        .map_err(|_| Error::Code(NotRedeemed::Unknown))?;
    let shown = shown(client, &code, form)?;
    let tokens = NewTokens::make(code.id(), client);
    let redemption = Redemption { shown, tokens: tokens.kept(call, client), now: call.now };
    let grant = match call.app.grants.write(code.id(), &redemption).await? {
        Written::Done(grant) => grant,
        Written::Refused(None) => return Err(Error::Code(NotRedeemed::Unknown)),
        Written::Refused(Some(grant)) => {
            judge(call, client, code.id(), &redemption, &grant).await?;
            grant
        }
    };
    call.audit(Event::Issued {
        grant: code.id(),
        kind: grant.kind.as_str(),
        client: &client.id,
        token: tokens.access.digest().name(),
        scope: grant.scope.to_string(),
    });
    Ok(Tokens {
        access_token: tokens.access,
        expires_in: client.lifetimes.access_token,
        refresh_token: tokens.refresh,
        scope: grant.scope,
    })
}

/// What the request shows (§4.1.3, RFC 7636 §4.5).
fn shown(client: &Client, code: &Secret<AuthorizationCode>, form: &Form) -> Result<Shown, Error> {
    let verifier = form.get("code_verifier").map(pkce::verifier).transpose()?;
    let redirect_uri = form.get("redirect_uri").map(Digest::of);
    // Without a challenge the redirect URI is all that ties the code to its request: it must be repeated.
    if verifier.is_none() && redirect_uri.is_none() {
        return Err(Error::Code(NotRedeemed::RedirectUriMismatch));
    }
    Ok(Shown { client: client.id.clone(), code: code.digest(), redirect_uri, verifier })
}

/// What it means that the code was not redeemed. A replay ends the grant before anyone is told.
async fn judge(
    call: &Call<'_>,
    client: &Client,
    id: Id,
    redemption: &Redemption,
    grant: &Grant,
) -> Result<(), Error> {
    let Err(reason) = redemption.judge(grant) else { return Ok(()) };
    if reason == NotRedeemed::Replayed {
        call.app.grants.end(id, Why::CodeReplayed, call.now).await?;
        call.audit(Event::Replayed { grant: id, client: &client.id });
    }
    Err(Error::Code(reason))
}

/// Fresh tokens, in plain text.
struct NewTokens {
    access: Secret<shared::secret::AccessToken>,
    refresh: Option<Secret<RefreshToken>>,
}

impl NewTokens {
    fn make(id: Id, client: &Client) -> Self {
        let refreshes = client.grant_types.contains(&GrantType::RefreshToken);
        Self {
            access: Secret::new(id, &random()),
            refresh: refreshes.then(|| Secret::in_family(id, &random(), &random())),
        }
    }

    fn kept(&self, call: &Call<'_>, client: &Client) -> Issued {
        let access_ends = call.now.after(client.lifetimes.access_token());
        Issued {
            access: Access::new(self.access.digest(), call.now, access_ends),
            refresh: self
                .refresh
                .as_ref()
                .map(|token| Refresh::first(token, call.now.after(client.lifetimes.refresh_token()))),
            expires_at: if self.refresh.is_some() { call.now.after(LONGEST_GRANT) } else { access_ends },
        }
    }
}
