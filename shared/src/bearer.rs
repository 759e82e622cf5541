//! Bearer tokens (RFC 6750): whether one works now, and what it is good for. Introspection tells it, the authorizer
//! goes by it.

use crate::{
    app::App,
    client::ClientId,
    config::Issuer,
    grant::{Dead, Grant},
    personal::Presented,
    scope::Scope,
    secret::{AccessToken, Id, Secret},
    status::{Fallen, Status},
    table,
    time::Timestamp,
};

/// A token that an API is shown, by its kind. Every kind has its prefix, so text is of one kind at most.
#[derive(Debug)]
pub enum BearerToken {
    /// An access token (RFC 6749 §1.4): its grant says what it is worth.
    Access(Secret<AccessToken>),
    /// A personal token, of either kind.
    Personal(Presented),
}

/// What a token that works stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Active {
    /// What it is good for.
    pub scope: Scope,
    /// Whose it is. None: a personal token, which is its person's own.
    pub client: Option<ClientId>,
    /// On whose behalf: the person, or the client itself (RFC 7662 §2.2).
    pub subject: String,
    /// The person, if there is one.
    pub person: Option<Id>,
    /// The login name of the person, if there is one.
    pub username: Option<String>,
    /// Who issued it. None: whoever asks, as a personal token belongs to the deployment and to no issuer of it.
    pub issuer: Option<Issuer>,
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
    /// It is a personal token, and the deployment no longer lets users give away any of its scope.
    #[error("nothing of its scope is in JETON_PERSONAL_SCOPES")]
    NotOffered,
}

impl BearerToken {
    /// The token that reads `text`, if Jeton may have issued it: nothing is looked up.
    pub fn parse(text: &str) -> Option<Self> {
        let personal = || Presented::parse(text).map(Self::Personal);
        Secret::parse(text).ok().map(Self::Access).or_else(personal)
    }

    /// What the token stands for at `now`: two reads at most, one if the statuses are remembered.
    pub async fn describe(
        &self,
        app: &App,
        now: Timestamp,
    ) -> Result<Result<Active, Inactive>, table::Error> {
        match self {
            Self::Access(token) => access(app, token, now).await,
            Self::Personal(token) => personal(app, token, now).await,
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
    let statuses = app.statuses.find_lately(&grant.depends_on(), now).await?;
    Ok(Active::of(&grant, &statuses).map(|active| Active {
        scope: grant.scope_of(access),
        issued_at: access.issued_at,
        expires_at: grant.end_of(access),
        token_id: Some(token.digest().name()),
        ..active
    }))
}

/// The same for a personal token, whose use is written down: once a day, one write more.
async fn personal(
    app: &App,
    presented: &Presented,
    now: Timestamp,
) -> Result<Result<Active, Inactive>, table::Error> {
    let Some(token) = app.personal_tokens.find(presented).await? else {
        return Ok(Err(Dead::Unknown.into()));
    };
    if let Err(dead) = token.is_live(presented, now) {
        return Ok(Err(dead.into()));
    }
    let statuses = app.statuses.find_lately(&[token.depends_on()], now).await?;
    let status = statuses.first().and_then(Option::as_ref);
    if let Err(fallen) = token.is_upheld_by(status) {
        return Ok(Err(fallen.into()));
    }
    let Some(scope) = token.scope_within(&app.config.account.personal_scopes) else {
        return Ok(Err(Inactive::NotOffered));
    };
    // That it cannot be written down is no reason to refuse the token: its next use will be.
    let _ = app.personal_tokens.note_use(&token, now).await;
    Ok(Ok(Active {
        client: None,
        subject: token.person.to_string(),
        person: Some(token.person),
        username: status.map(|status| status.name.clone()),
        issuer: None,
        issued_at: token.created_at,
        expires_at: token.expires_at,
        token_id: Some(presented.digest().name()),
        scope,
    }))
}

impl Active {
    /// Whether it was issued by `issuer`.
    pub fn is_from(&self, issuer: &Issuer) -> bool {
        self.issuer.as_ref().is_none_or(|own| own == issuer)
    }

    /// What any token of `grant` stands for, if those it depends on uphold it. `statuses` are theirs.
    pub fn of(grant: &Grant, statuses: &[Option<Status>]) -> Result<Self, Inactive> {
        grant.is_upheld_by(statuses)?;
        Ok(Self {
            scope: grant.scope.clone(),
            client: Some(grant.client.clone()),
            subject: grant.subject(),
            person: grant.person,
            username: grant.username(statuses),
            issuer: Some(grant.issuer.clone()),
            issued_at: grant.issued_at,
            expires_at: grant.expires_at,
            token_id: None,
        })
    }
}
