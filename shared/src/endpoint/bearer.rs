//! Bearer tokens (RFC 6750): validity and meaning, for introspection and the authorizer.

use std::time::Duration;

use tokio::time::timeout;

use crate::{
    dynamodb,
    endpoint::App,
    grants::{Grant, TokenError},
    oauth::{ClientId, Issuer, ResourceUri, Scope},
    secret::{AccessToken, Id, Secret},
    status::{StandingError, Status},
    time::Timestamp,
    users::personal::Presented,
};

/// The longest wait for the record of a personal token's use. It fits into the authorizer's ten seconds, together with the
/// two reads before it.
const RECORD_TIMEOUT: Duration = Duration::from_secs(2);

/// A token that a client presents to an API. Every kind has its own prefix, so text is of one kind at most.
#[derive(Debug)]
pub enum BearerToken {
    /// An access token (RFC 6749 §1.4).
    Access(Secret<AccessToken>),
    /// A personal token of either kind.
    Personal(Presented),
}

/// The meaning of a valid token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Active {
    pub scope: Scope,
    /// The client that the token was issued to. `None`: a personal token, which belongs to its user.
    pub client: Option<ClientId>,
    /// The user, or the client for a grant without a user (RFC 7662 §2.2).
    pub subject: String,
    pub user: Option<Id>,
    /// The user's login name.
    pub username: Option<String>,
    /// `None`: a personal token, which is valid at every issuer of the deployment.
    pub issuer: Option<Issuer>,
    /// The resource that the token is for (RFC 8707). `None`: none in particular; a personal token is for none.
    pub audience: Option<ResourceUri>,
    pub issued_at: Timestamp,
    /// `None`: never (a compatibility switch).
    pub expires_at: Option<Timestamp>,
    /// `jti`: a name of the token from which the token cannot be derived.
    pub token_id: Option<String>,
}

/// The reason why a bearer token was not accepted. The caller of an endpoint does not learn it.
#[derive(Debug, thiserror::Error)]
pub enum BearerError {
    #[error("the token is {0}")]
    Token(#[from] TokenError),
    /// The client, the user or the client's owner is no longer in good standing.
    #[error("its client or user: {0}")]
    Standing(#[from] StandingError),
    /// A personal token, none of whose scope values the deployment still permits.
    #[error("nothing of its scope is in JETON_PERSONAL_SCOPES")]
    NotOffered,
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

impl BearerToken {
    /// Parses a token string. Does not read the table.
    pub fn parse(text: &str) -> Option<Self> {
        let personal = || Presented::parse(text).map(Self::Personal);
        Secret::parse(text).ok().map(Self::Access).or_else(personal)
    }

    /// Returns the meaning of the token at `now`. Makes two reads, or one if the statuses are cached.
    pub async fn describe(&self, app: &App, now: Timestamp) -> Result<Active, BearerError> {
        match self {
            Self::Access(token) => access(app, token, now).await,
            Self::Personal(token) => personal(app, token, now).await,
        }
    }
}

async fn access(app: &App, token: &Secret<AccessToken>, now: Timestamp) -> Result<Active, BearerError> {
    let grant = app.grants.find(token.id()).await?.ok_or(TokenError::Unknown)?;
    let access = grant.live_access(token, now)?;
    let statuses = app.statuses.find_cached(&grant.depends_on(), now).await?;
    Ok(Active {
        scope: grant.scope_of(access),
        issued_at: access.issued_at,
        expires_at: grant.end_of(access),
        token_id: Some(token.digest().name()),
        ..Active::of(&grant, &statuses)?
    })
}

/// Returns the meaning of a personal token, and records its use: one write more, once a day.
async fn personal(app: &App, presented: &Presented, now: Timestamp) -> Result<Active, BearerError> {
    let token = app.personal_tokens.find(presented).await?.ok_or(TokenError::Unknown)?;
    token.check(presented, now)?;
    let statuses = app.statuses.find_cached(&[token.depends_on()], now).await?;
    let status = statuses.first().and_then(Option::as_ref);
    token.check_standing(status)?;
    let offered = &app.config.account.personal_scopes;
    let scope = token.scope_within(offered).ok_or(BearerError::NotOffered)?;
    // A failure to record the use does not refuse the token: the next use is recorded. The future is boxed, because it is
    // large and seldom needed.
    let recorded = Box::pin(app.personal_tokens.record_use(&token, now));
    let _ = timeout(RECORD_TIMEOUT, recorded).await;
    Ok(Active {
        client: None,
        subject: token.user.to_string(),
        user: Some(token.user),
        username: status.map(|status| status.name.clone()),
        issuer: None,
        audience: None,
        issued_at: token.created_at,
        expires_at: token.expires_at,
        token_id: Some(presented.digest().name()),
        scope,
    })
}

impl Active {
    /// Returns whether the token is valid at `issuer`.
    pub fn is_from(&self, issuer: &Issuer) -> bool {
        self.issuer.as_ref().is_none_or(|own| own == issuer)
    }

    /// Returns the meaning of a token of `grant`, if all principals of the grant are in good standing. `statuses` are in
    /// the order of [`Grant::depends_on`].
    pub fn of(grant: &Grant, statuses: &[Option<Status>]) -> Result<Self, StandingError> {
        grant.check_standing(statuses)?;
        Ok(Self {
            scope: grant.scope.clone(),
            client: Some(grant.client.clone()),
            subject: grant.subject(),
            user: grant.user,
            username: grant.username(statuses),
            issuer: Some(grant.issuer.clone()),
            audience: grant.resource.clone(),
            issued_at: grant.issued_at,
            expires_at: grant.expires_at,
            token_id: None,
        })
    }
}
