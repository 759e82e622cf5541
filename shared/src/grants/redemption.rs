//! Redemption of an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5): once.

use super::{Access, Code, Grant, Refresh, State, Transition, item};
use crate::{
    dynamodb::{self, Update},
    oauth::{ClientId, Issuer, ResourceUri},
    secret::{AuthorizationCode, Digest, RedirectUri, Verifier},
    status::StandingError,
    time::Timestamp,
};

/// The client's proof that it may redeem a code. Every part must match the grant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CodeProof {
    /// The authenticated client.
    pub client: ClientId,
    /// The issuer that received the request.
    pub issuer: Issuer,
    pub code: Digest<AuthorizationCode>,
    /// The redirect URI of the token request, if it has one.
    pub redirect_uri: Option<Digest<RedirectUri>>,
    /// The digest of the code verifier, if the request has one. It equals the challenge if the verifier is right.
    pub verifier: Option<Digest<Verifier>>,
}

/// The first tokens of a grant, as the item stores them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tokens {
    pub access: Access,
    /// A refresh token, if the client is registered for the grant type `refresh_token`.
    pub refresh: Option<Refresh>,
    /// When the whole grant expires, however often it is refreshed. `None`: never; then there is no refresh token.
    pub expires_at: Option<Timestamp>,
}

/// One attempt to redeem a code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Redemption {
    pub proof: CodeProof,
    /// The resource that the request names, if it names one (RFC 8707 §2.2). It must be the grant's.
    pub resource: Option<ResourceUri>,
    /// The tokens to issue. They contain fresh random bits, by which a repeated write recognises itself.
    pub tokens: Tokens,
    pub now: Timestamp,
}

/// The reason why a code was not redeemed. The client gets `invalid_grant` for every one of them, except `invalid_target`
/// for [`RedemptionError::OtherResource`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RedemptionError {
    /// The code was redeemed before, and this request has the complete proof, too: two parties have the code and its
    /// proof. The grant must end (RFC 6749 §4.1.2).
    #[error("the code was redeemed before, and this request has the complete proof")]
    Replayed,
    /// The code was redeemed before, and this request lacks the proof. A leaked code alone must not end a grant.
    #[error("the code was redeemed before, and this request lacks the proof")]
    Spent,
    /// The code does not exist or is no longer stored.
    #[error("the code is unknown")]
    Unknown,
    #[error("the code is expired")]
    Expired,
    #[error("the code was issued to another client")]
    OtherClient,
    /// The deployment has changed its issuer, or has several.
    #[error("the code was issued by another issuer")]
    OtherIssuer,
    /// The redirect URI differs from the authorization request's, or one of the two requests has none.
    #[error("the redirect URI is not the authorization request's")]
    RedirectUriMismatch,
    /// The verifier does not match the challenge, or one of the two is missing.
    #[error("the verifier is not the challenge's")]
    VerifierMismatch,
    /// The request names another resource than the grant's. The code can still be redeemed.
    #[error("the request names another resource than the grant's")]
    OtherResource,
    /// The client or the user is no longer in good standing. The grant must end.
    #[error("the grant's client or user: {0}")]
    Standing(StandingError),
}

impl Transition for Redemption {
    fn precondition(&self, grant: &Grant) -> bool {
        grant.state == State::Code
            && grant.is_for(self.resource.as_ref())
            && grant.code.as_ref().is_some_and(|code| {
                self.proof.verify(grant, code).is_ok() && !code.expires_at.has_passed(self.now)
            })
    }

    fn apply(&self, grant: &mut Grant) {
        let Tokens { access, refresh, expires_at } = self.tokens.clone();
        grant.state = State::Active;
        grant.access = Some(access);
        grant.refresh = refresh;
        grant.expires_at = expires_at;
        grant.ttl = expires_at.map(item::ttl);
        if let Some(code) = &mut grant.code {
            code.nonce = None;
        }
    }

    fn update(&self) -> Result<Update, dynamodb::Error> {
        let CodeProof { client, issuer, code, redirect_uri, verifier } = &self.proof;
        let mut condition = String::from(
            "#state = :code_state AND #code.#digest = :code AND #code.#expires_at > :now AND #client = :client \
             AND #issuer = :issuer",
        );
        condition.push_str(match redirect_uri {
            Some(_) => " AND #code.#redirect_uri = :redirect_uri",
            None => " AND #code.#redirect_uri_sent = :not_sent",
        });
        condition.push_str(match verifier {
            Some(_) => " AND #code.#challenge = :challenge",
            None => " AND attribute_not_exists(#code.#challenge)",
        });
        if self.resource.is_some() {
            condition.push_str(" AND #resource = :resource");
        }
        let mut change = String::from("SET #state = :active, #access = :access");
        if self.tokens.refresh.is_some() {
            change.push_str(", #refresh = :refresh");
        }
        change.push_str(match self.tokens.expires_at {
            Some(_) => ", #expires_at = :expires_at, #ttl = :ttl REMOVE #code.#nonce",
            None => " REMOVE #code.#nonce, #expires_at, #ttl",
        });
        let mut update = Update::when::<Grant>(&condition, &change)
            .value("code_state", &State::Code)?
            .value("code", code)?
            .value("now", &self.now)?
            .value("client", client)?
            .value("issuer", issuer)?
            .value("active", &State::Active)?
            .value("access", &self.tokens.access)?;
        update = match redirect_uri {
            Some(uri) => update.value("redirect_uri", uri)?,
            None => update.value("not_sent", &false)?,
        };
        if let Some(challenge) = verifier {
            update = update.value("challenge", challenge)?;
        }
        if let Some(resource) = &self.resource {
            update = update.value("resource", resource)?;
        }
        if let Some(refresh) = &self.tokens.refresh {
            update = update.value("refresh", refresh)?;
        }
        if let Some(expires_at) = self.tokens.expires_at {
            update = update.value("expires_at", &expires_at)?.value("ttl", &item::ttl(expires_at))?;
        }
        Ok(update)
    }
}

impl Redemption {
    /// Returns why the precondition failed for `grant`. `Ok`: this very write was made before, and its response was
    /// lost.
    pub fn classify(&self, grant: &Grant) -> Result<(), RedemptionError> {
        if grant.has_issued(&self.tokens.access.digest) {
            return Ok(());
        }
        let code = grant.code.as_ref().filter(|code| code.digest == self.proof.code);
        let code = code.ok_or(RedemptionError::Unknown)?;
        match (grant.state, self.proof.verify(grant, code)) {
            (State::Code, Ok(())) if code.expires_at.has_passed(self.now) => Err(RedemptionError::Expired),
            (State::Code, Ok(())) => Err(RedemptionError::OtherResource),
            (State::Code, Err(mismatch)) => Err(mismatch),
            (State::Active, Ok(())) => Err(RedemptionError::Replayed),
            (State::Active, Err(_)) => Err(RedemptionError::Spent),
            (State::Ended, _) => Err(RedemptionError::Unknown),
        }
    }
}

impl CodeProof {
    /// Compares the proof with `grant` and its `code`. The state and the time are not checked.
    fn verify(&self, grant: &Grant, code: &Code) -> Result<(), RedemptionError> {
        if code.digest != self.code {
            return Err(RedemptionError::Unknown);
        }
        if grant.client != self.client {
            return Err(RedemptionError::OtherClient);
        }
        if grant.issuer != self.issuer {
            return Err(RedemptionError::OtherIssuer);
        }
        let redirect_uri_fits = match &self.redirect_uri {
            Some(uri) => *uri == code.redirect_uri,
            None => !code.redirect_uri_sent,
        };
        if !redirect_uri_fits {
            return Err(RedemptionError::RedirectUriMismatch);
        }
        if self.verifier != code.challenge {
            return Err(RedemptionError::VerifierMismatch);
        }
        Ok(())
    }
}
