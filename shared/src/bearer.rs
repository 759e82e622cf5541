//! Bearer tokens (RFC 6750): whether one works now, and what it is good for. Introspection tells it, the authorizer
//! goes by it.

use crate::{
    app::App,
    client::ClientId,
    config::Issuer,
    grant::{Dead, Grant},
    scope::Scope,
    secret::{AccessToken, Secret},
    status::{Fallen, Status},
    table,
    time::Timestamp,
};

/// A token that an API is shown, by its kind. Every kind has its prefix, so text is of one kind at most.
#[derive(Debug)]
pub enum BearerToken {
    /// An access token (RFC 6749 §1.4): its grant says what it is worth.
    Access(Secret<AccessToken>),
}

/// What a token that works stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Active {
    /// What it is good for.
    pub scope: Scope,
    /// Whose it is.
    pub client: ClientId,
    /// On whose behalf: the person, or the client itself (RFC 7662 §2.2).
    pub subject: String,
    /// The login name of the person, if there is one.
    pub username: Option<String>,
    /// Who issued it.
    pub issuer: Issuer,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it stops working. None: never (a compatibility switch).
    pub expires_at: Option<Timestamp>,
    /// Its name, which gives nothing away: `jti`.
    pub token_id: Option<String>,
}

/// Why a token does not work. The caller is never told which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inactive {
    /// The token itself is over, or never was.
    #[error("the token is {0}")]
    Dead(#[from] Dead),
    /// Somebody in whose standing it rests has lost it.
    #[error("its client or person: {0}")]
    Fallen(#[from] Fallen),
}

impl BearerToken {
    /// The token that reads `text`, if Jeton may have issued it: nothing is looked up.
    pub fn parse(text: &str) -> Option<Self> {
        Secret::parse(text).ok().map(Self::Access)
    }

    /// What the token stands for at `now`: two reads at most, one if the statuses are remembered.
    pub async fn describe(
        &self,
        app: &App,
        now: Timestamp,
    ) -> Result<Result<Active, Inactive>, table::Error> {
        match self {
            Self::Access(token) => access(app, token, now).await,
        }
    }
}

async fn access(
    app: &App,
    token: &Secret<AccessToken>,
    now: Timestamp,
) -> Result<Result<Active, Inactive>, table::Error> {
    let Some(grant) = app.grants.find(token.id()).await? else { return Ok(Err(Dead::Unknown.into())) };
    let access = match grant.live_access(token, now) {
        Ok(access) => access,
        Err(dead) => return Ok(Err(dead.into())),
    };
    let statuses = app.statuses.find(&grant.depends_on(), now).await?;
    Ok(Active::of(&grant, &statuses).map(|active| Active {
        scope: grant.scope_of(access),
        issued_at: access.issued_at,
        expires_at: grant.end_of(access),
        token_id: Some(token.digest().name()),
        ..active
    }))
}

impl Active {
    /// What any token of `grant` stands for, if those it depends on uphold it. `statuses` are theirs.
    pub fn of(grant: &Grant, statuses: &[Option<Status>]) -> Result<Self, Inactive> {
        grant.is_upheld_by(statuses)?;
        Ok(Self {
            scope: grant.scope.clone(),
            client: grant.client.clone(),
            subject: grant.subject(),
            username: grant.username(statuses),
            issuer: grant.issuer.clone(),
            issued_at: grant.issued_at,
            expires_at: grant.expires_at,
            token_id: None,
        })
    }
}
