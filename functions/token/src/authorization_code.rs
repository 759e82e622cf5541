//! The authorization code grant (RFC 6749 §4.1.3): tokens for a code.

use shared::{
    audit::Event,
    client::Client,
    grant::{Grant, NotRedeemed, Redemption, Shown, Why},
    http::{Call, Form},
    pkce,
    secret::{AuthorizationCode, Digest, Id, Secret},
    table::Written,
};

use crate::{Error, Tokens, asked, new_tokens::NewTokens, standing};

/// Tokens for the code in `form`, once.
pub(crate) async fn redeem(call: &Call<'_>, client: &Client, form: &Form) -> Result<Tokens, Error> {
    let code = Secret::<AuthorizationCode>::parse(form.require("code")?)
        .map_err(|_| Error::Code(NotRedeemed::Unknown))?;
    let shown = shown(call, client, &code, form)?;
    let tokens = NewTokens::make(code.id(), client, asked::lifetime(form, client)?);
    let redemption = Redemption { shown, tokens: tokens.kept(call.now), now: call.now };
    let written = call.app.grants.issue_tokens(code.id(), &redemption, &tokens.access.digest()).await?;
    let grant = match written {
        Written::Done(grant) => grant,
        Written::Refused(None) => return Err(Error::Code(NotRedeemed::Unknown)),
        Written::Refused(Some(grant)) => {
            judge(call, client, code.id(), &redemption, &grant).await?;
            grant
        }
    };
    standing::check(call, code.id(), &grant)
        .await
        .map_err(|fallen| Error::Code(NotRedeemed::Fallen(fallen)))?;
    call.audit(Event::Issued {
        grant: code.id(),
        kind: grant.kind.as_str(),
        client: &client.id,
        token: tokens.access.digest().name(),
        scope: grant.scope.to_string(),
    });
    Ok(tokens.answer(grant.scope))
}

/// What the request shows (§4.1.3, RFC 7636 §4.5).
fn shown(
    call: &Call<'_>,
    client: &Client,
    code: &Secret<AuthorizationCode>,
    form: &Form,
) -> Result<Shown, Error> {
    let verifier = form.get("code_verifier").map(pkce::verifier).transpose()?;
    let redirect_uri = form.get("redirect_uri").map(Digest::of);
    // Without a challenge the redirect URI is all that ties the code to its request: it must be repeated.
    if verifier.is_none() && redirect_uri.is_none() {
        return Err(Error::Code(NotRedeemed::RedirectUriMismatch));
    }
    Ok(Shown {
        client: client.id.clone(),
        issuer: call.issuer()?,
        code: code.digest(),
        redirect_uri,
        verifier,
    })
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
