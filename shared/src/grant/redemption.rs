//! Redeeming an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5): once.

use super::{Access, Code, Grant, Refresh, State, Transition, item};
use crate::{
    client::ClientId,
    config::Issuer,
    secret::{AuthorizationCode, Digest, RedirectUri, Verifier},
    status::Fallen,
    table::{self, Update},
    time::Timestamp,
};

/// What a client shows for the tokens: everything that must fit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shown {
    /// The client, which has authenticated.
    pub client: ClientId,
    /// The issuer that the request is addressed to.
    pub issuer: Issuer,
    /// The code.
    pub code: Digest<AuthorizationCode>,
    /// The redirect URI that it repeats, if it does.
    pub redirect_uri: Option<Digest<RedirectUri>>,
    /// The digest of its verifier, if it has one: the challenge, if it is the right one.
    pub verifier: Option<Digest<Verifier>>,
}

/// What it gets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tokens {
    /// An access token.
    pub access: Access,
    /// A refresh token, if the client is registered for one.
    pub refresh: Option<Refresh>,
    /// When all of it is over, however often it is refreshed; none if its access token has no end, and then there is
    /// no refresh token.
    pub expires_at: Option<Timestamp>,
}

/// One attempt to redeem a code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Redemption {
    /// What is shown.
    pub shown: Shown,
    /// What would be given: made of fresh random bits, by which this very write can be recognised.
    pub tokens: Tokens,
    /// When.
    pub now: Timestamp,
}

/// Why a code was not redeemed. The client is told `invalid_grant`, and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotRedeemed {
    /// It was redeemed before, and whoever shows it again proves to be the same client. Somebody has it twice:
    /// the grant must end (RFC 6749 §4.1.2).
    #[error("the code was replayed, with everything that proves the client")]
    Replayed,
    /// It was redeemed before, and is now shown by somebody who proves nothing. A leaked code alone ends nothing.
    #[error("the code is spent, and was shown again without proof")]
    Spent,
    /// There is no such code, or no longer.
    #[error("the code is unknown")]
    Unknown,
    /// Its time is over.
    #[error("the code is expired")]
    Expired,
    /// It was issued to another client.
    #[error("the code was issued to another client")]
    Foreign,
    /// It was issued by another issuer: the deployment has changed its name, or has several.
    #[error("the code was issued by another issuer")]
    OtherIssuer,
    /// The redirect URI is not the authorization request's, or missing, or there was none.
    #[error("the redirect URI is not the authorization request's")]
    RedirectUriMismatch,
    /// The verifier is not the challenge's, or missing, or there was no challenge.
    #[error("the verifier is not the challenge's")]
    VerifierMismatch,
    /// The client or the user has lost their standing: the grant must end.
    #[error("the grant's client or user: {0}")]
    Fallen(Fallen),
}

impl Transition for Redemption {
    fn holds(&self, grant: &Grant) -> bool {
        grant.state == State::Code
            && grant.code.as_ref().is_some_and(|code| {
                self.shown.proves(grant, code).is_ok() && !code.expires_at.has_passed(self.now)
            })
    }

    fn apply(&self, grant: &mut Grant) {
        let Tokens { access, refresh, expires_at } = self.tokens.clone();
        grant.state = State::Active;
        grant.access = Some(access);
        grant.refresh = refresh;
        grant.expires_at = expires_at;
        grant.ttl = expires_at.map(item::ttl);
    }

    fn update(&self) -> Result<Update, table::Error> {
        let Shown { client, issuer, code, redirect_uri, verifier } = &self.shown;
        let mut condition = String::from(
            "#st = :code_state AND #cd.#d = :code AND #cd.#x > :now AND #c = :client AND #is = :issuer",
        );
        condition.push_str(match redirect_uri {
            Some(_) => " AND #cd.#u = :redirect_uri",
            None => " AND #cd.#s = :not_sent",
        });
        condition.push_str(match verifier {
            Some(_) => " AND #cd.#h = :challenge",
            None => " AND attribute_not_exists(#cd.#h)",
        });
        let mut change = String::from("SET #st = :active, #a = :access");
        if self.tokens.refresh.is_some() {
            change.push_str(", #r = :refresh");
        }
        change.push_str(match self.tokens.expires_at {
            Some(_) => ", #ax = :expires_at, #ttl = :ttl",
            None => " REMOVE #ax, #ttl",
        });
        let mut update = Update::when(&condition, &change)
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
    /// What it means that `grant` refused it. `Ok`: it did not, this very write was done before, and its answer got
    /// lost on the way.
    pub fn judge(&self, grant: &Grant) -> Result<(), NotRedeemed> {
        if grant.has_issued(&self.tokens.access.digest) {
            return Ok(());
        }
        let code = grant.code.as_ref().filter(|code| code.digest == self.shown.code);
        let proven = self.shown.proves(grant, code.ok_or(NotRedeemed::Unknown)?);
        match (grant.state, proven) {
            (State::Code, Ok(())) => Err(NotRedeemed::Expired),
            (State::Code, Err(mismatch)) => Err(mismatch),
            (State::Active, Ok(())) => Err(NotRedeemed::Replayed),
            (State::Active, Err(_)) => Err(NotRedeemed::Spent),
            (State::Ended, _) => Err(NotRedeemed::Unknown),
        }
    }
}

impl Shown {
    /// Whether it fits `code`, which is `grant`'s: everything but the state and the time.
    fn proves(&self, grant: &Grant, code: &Code) -> Result<(), NotRedeemed> {
        if code.digest != self.code {
            return Err(NotRedeemed::Unknown);
        }
        if grant.client != self.client {
            return Err(NotRedeemed::Foreign);
        }
        if grant.issuer != self.issuer {
            return Err(NotRedeemed::OtherIssuer);
        }
        let redirect_uri_fits = match &self.redirect_uri {
            Some(uri) => *uri == code.redirect_uri,
            None => !code.redirect_uri_sent,
        };
        if !redirect_uri_fits {
            return Err(NotRedeemed::RedirectUriMismatch);
        }
        if self.verifier != code.challenge {
            return Err(NotRedeemed::VerifierMismatch);
        }
        Ok(())
    }
}
