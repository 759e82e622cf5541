//! The authorization code grant (RFC 6749 §4.1.3).

use shared::{
    audit::Event,
    clients::Client,
    dynamodb::Outcome,
    endpoint::{Call, resource},
    grants::{CodeProof, EndReason, Grant, Redemption, RedemptionError},
    http::Form,
    oauth::pkce,
    secret::{AuthorizationCode, Digest, Id, Secret},
};

use crate::{error::Error, id_token, new_tokens::NewTokens, parameters, response::Tokens, standing};

/// Redeems the code in `form`, once.
pub(crate) async fn redeem_code(call: &Call<'_>, client: &Client, form: &Form) -> Result<Tokens, Error> {
    let code = Secret::parse(form.require("code")?).map_err(|_| RedemptionError::Unknown)?;
    let proof = proof(call, client, &code, form)?;
    let tokens = NewTokens::make(code.id(), client, parameters::lifetime(form, client)?);
    let resource = resource::named(call, client, &form.resources()).await?; // RFC 8707 §2.2
    let resource = resource.map(|resource| resource.uri);
    let redemption = Redemption { proof, resource, tokens: tokens.stored(call.now), now: call.now };
    let id_token = id_token::for_redemption(call, client, &redemption, &tokens.access).await?; // Core §3.1.3.3
    let outcome = call.app.grants.issue_tokens(code.id(), &redemption, &tokens.access.digest()).await?;
    let grant = match outcome {
        Outcome::Applied(grant) => grant,
        Outcome::ConditionFailed(None) => return Err(RedemptionError::Unknown.into()),
        Outcome::ConditionFailed(Some(grant)) => {
            classify(call, code.id(), &redemption, &grant).await?;
            grant
        }
    };
    if id_token.is_none() {
        standing::check(call, code.id(), &grant).await.map_err(RedemptionError::Standing)?;
    }
    Ok(Tokens { id_token, ..tokens.issue(call, code.id(), grant) })
}

/// Reads the proof from the request (§4.1.3, RFC 7636 §4.5).
fn proof(
    call: &Call<'_>,
    client: &Client,
    code: &Secret<AuthorizationCode>,
    form: &Form,
) -> Result<CodeProof, Error> {
    let verifier = form.get("code_verifier").map(pkce::verifier).transpose()?;
    let redirect_uri = form.get("redirect_uri").map(Digest::of);
    // Without a verifier only the redirect URI ties the code to its authorization request: it is required.
    if verifier.is_none() && redirect_uri.is_none() {
        return Err(RedemptionError::RedirectUriMismatch.into());
    }
    Ok(CodeProof {
        client: client.id.clone(),
        issuer: call.issuer()?,
        code: code.digest(),
        redirect_uri,
        verifier,
    })
}

/// Returns why the code was not redeemed. A replay ends the grant before the client gets the error (§4.1.2). `Ok`: the
/// code was redeemed by this very write.
async fn classify(call: &Call<'_>, id: Id, redemption: &Redemption, grant: &Grant) -> Result<(), Error> {
    let Err(error) = redemption.classify(grant) else { return Ok(()) };
    if error == RedemptionError::Replayed {
        call.app.grants.end(id, EndReason::CodeReplayed, call.now).await?;
        call.audit(Event::Replayed { grant: id, client: &redemption.proof.client });
    }
    Err(error.into())
}
