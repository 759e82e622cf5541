//! The ID token of a token response (OpenID Connect Core §3.1.3.3, §12.2).

use std::time::Duration;

use shared::{
    audit::Event,
    clients::Client,
    dynamodb,
    endpoint::Call,
    grants::{Grant, Kind, Redemption, RedemptionError, Transition},
    oauth::openid_scope,
    openid::{Claims, IdToken, KeyList, SigningError, id_token},
    secret::{AccessToken, Id, Secret},
    status::{StandingError, Status},
};
use tokio::{time::timeout, try_join};

use crate::{error::Error, response::Tokens, standing};

/// The longest lifetime of an ID token.
const LONGEST: Duration = Duration::from_hours(24);
/// The latest moment for the redemption's write to begin, after the request arrived. The function's timeout leaves time for
/// the write and for the read that finds out whether it was made.
const LATEST_WRITE: Duration = Duration::from_secs(6);
/// The longest wait for an ID token after a refresh.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The reason why a refresh response contains no ID token.
#[derive(Debug, thiserror::Error)]
enum RefreshError {
    #[error("the statuses could not be read")]
    NoStatus,
    /// The tables were slow: KMS's own timeout is shorter.
    #[error("reading the claims and signing took too long")]
    TimedOut,
    #[error(transparent)]
    Signing(#[from] SigningError),
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

/// Returns the ID token of the grant as `redemption` makes it, if the client gets one. It may be used only if the redemption
/// is written.
///
/// If the code cannot be redeemed, there is no ID token: the write says why. If there can be no signature, the redemption
/// must not be written, so that the same request may succeed later.
///
/// # Design
/// The ID token is signed before the write, so that an outage of KMS spends no code. What is signed says only what the write
/// makes true: the write's condition fails if the grant was ended meanwhile.
pub(crate) async fn for_redemption(
    call: &Call<'_>,
    client: &Client,
    redemption: &Redemption,
    token: &Secret<AccessToken>,
) -> Result<Option<String>, Error> {
    if !call.app.config.signing_keys.is_on() || !client.scope.has(openid_scope::OPENID) {
        return Ok(None);
    }
    Box::pin(redeemed(call, client, redemption, token)).await
}

async fn redeemed(
    call: &Call<'_>,
    client: &Client,
    redemption: &Redemption,
    token: &Secret<AccessToken>,
) -> Result<Option<String>, Error> {
    let app = call.app;
    let Some(mut grant) = app.grants.find(token.id()).await? else { return Ok(None) };
    let Some(user) = subject(&grant).filter(|_| redemption.precondition(&grant)) else { return Ok(None) };
    if !grant.scope.has(openid_scope::OPENID) {
        return Ok(None);
    }
    let depends_on = grant.depends_on();
    let (statuses, claims, keys) =
        try_join!(app.statuses.find(&depends_on), app.claims.find(user), app.signing_keys.list(call.now),)?;
    standing::check_read(call, token.id(), &grant, &statuses).await.map_err(RedemptionError::Standing)?;
    let status = grant.user_status(&statuses).ok_or(RedemptionError::Standing(StandingError::Deleted))?;
    let nonce = grant.code.as_mut().and_then(|code| code.nonce.take());
    redemption.apply(&mut grant);
    let nonce = nonce.as_deref();
    let about = About { client, grant: &grant, token, nonce, status, claims: &claims };
    let id_token = about.sign(call, &keys).await?;
    if app.clock.now().since(call.now) > LATEST_WRITE {
        return Err(Error::TooLate);
    }
    Ok(Some(id_token))
}

/// Returns the ID token of `grant`, which a refresh has given these `tokens`, if the client is registered for one. If there
/// can be no signature, the response goes without: the rotation is done, and an error would cost the client its tokens.
pub(crate) async fn for_refresh(
    call: &Call<'_>,
    client: &Client,
    grant: &Grant,
    tokens: &Tokens,
    statuses: Option<&[Option<Status>]>,
) -> Option<String> {
    let is_openid = tokens.scope.has(openid_scope::OPENID) && client.scope.has(openid_scope::OPENID);
    if !call.app.config.signing_keys.is_on() || !is_openid || !client.id_token_on_refresh {
        return None;
    }
    let user = subject(grant)?;
    let status = statuses.and_then(|statuses| grant.user_status(statuses));
    let signing = Box::pin(refreshed(call, client, grant, &tokens.access_token, user, status));
    match timeout(TIMEOUT, signing).await.unwrap_or(Err(RefreshError::TimedOut)) {
        Ok(id_token) => Some(id_token),
        Err(error) => {
            let (grant, reason) = (tokens.access_token.id(), &error.to_string());
            call.audit(Event::IdTokenNotSigned { grant, client: &client.id, reason });
            None
        }
    }
}

async fn refreshed(
    call: &Call<'_>,
    client: &Client,
    grant: &Grant,
    token: &Secret<AccessToken>,
    user: Id,
    status: Option<&Status>,
) -> Result<String, RefreshError> {
    let app = call.app;
    let status = status.ok_or(RefreshError::NoStatus)?;
    let (claims, keys) = try_join!(app.claims.find(user), app.signing_keys.list(call.now))?;
    Ok(About { client, grant, token, nonce: None, status, claims: &claims }.sign(call, &keys).await?)
}

/// Returns the user of a grant that an authentication of the user led to.
fn subject(grant: &Grant) -> Option<Id> {
    grant.user.filter(|_| grant.kind == Kind::AuthorizationCode)
}

/// What an ID token says.
struct About<'a> {
    /// Its registration decides which claims it may still have.
    client: &'a Client,
    /// The grant, when it has the access token.
    grant: &'a Grant,
    token: &'a Secret<AccessToken>,
    nonce: Option<&'a str>,
    status: &'a Status,
    claims: &'a Claims,
}

impl About<'_> {
    /// Signs the ID token, and logs that it was signed.
    async fn sign(&self, call: &Call<'_>, keys: &KeyList) -> Result<String, SigningError> {
        let key = keys.signing(&call.app.config.signing_keys, call.now).ok_or(SigningError::NoKey)?;
        let signer = call.app.signer.as_ref().ok_or(SigningError::NoKey)?;
        let input = self.id_token().and_then(|id_token| id_token.signing_input(key).ok());
        let input = input.ok_or(SigningError::Encoding)?;
        let result = signer.sign(&key.name, input.as_bytes()).await;
        let signature = result.inspect_err(|error| {
            // An administrator may have disabled this key, and added another one to sign at once.
            if error.is_refusal() {
                call.app.signing_keys.forget();
            }
        })?;
        call.audit(Event::IdTokenSigned {
            grant: self.token.id(),
            client: &self.grant.client,
            kid: &key.kid,
            kms_request_id: signature.request_id.as_deref(),
        });
        Ok(IdToken::signed(&input, &signature.bytes))
    }

    /// Returns the claims of the ID token. The same access token leads to the same times: a retry gets an equivalent ID
    /// token.
    fn id_token(&self) -> Option<IdToken<'_>> {
        let Self { client, grant, token, nonce, .. } = *self;
        let access = grant.access_with(&token.digest())?;
        let longest = access.issued_at.after(LONGEST);
        let end = grant.end_of(access).map_or(longest, |end| end.min(longest));
        Some(IdToken {
            iss: &grant.issuer,
            sub: grant.user?,
            aud: &grant.client,
            exp: end.seconds(),
            iat: access.issued_at.seconds(),
            auth_time: grant.authenticated_at?.seconds(),
            nonce,
            at_hash: id_token::at_hash(token),
            claims: self.claims.in_id_token(&grant.scope_of(access).within(&client.scope), self.status),
        })
    }
}
