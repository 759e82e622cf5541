//! Who is calling, once they have proven it.

use shared::{
    bearer::Active,
    client::{Authenticated, AuthenticationError, ClientId, GrantType},
    http::{Basic, UnknownIssuer},
    scope::Scope,
    throttle::{Channel, Claim, Origin, Unproven},
    user::User,
};

use crate::{Call, Failed, credentials::Credentials, refusal::Unauthenticated};

/// Who is calling, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// What the call is good for.
    pub(crate) scope: Scope,
    /// The person, or the client itself (RFC 7662 §2.2). None: a guest.
    pub(crate) subject: Option<String>,
    /// The client that calls, if one does.
    pub(crate) client: Option<ClientId>,
    /// The login name of the person, if there is one.
    pub(crate) username: Option<String>,
    /// The name of the token, if there is one: `jti`.
    pub(crate) token_id: Option<String>,
}

impl Caller {
    /// A client that calls as itself, with no token between: it may do what one would let it do that it had asked
    /// nothing particular of.
    fn client(client: &Authenticated) -> Self {
        Self {
            scope: client.default_scope.clone(),
            subject: Some(client.id.to_string()),
            client: Some(client.id.clone()),
            username: None,
            token_id: None,
        }
    }

    /// A person who calls as themselves, with no client between.
    fn person(user: &User, scope: &Scope) -> Self {
        Self {
            scope: scope.clone(),
            subject: Some(user.sub.to_string()),
            client: None,
            username: Some(user.username.as_str().to_owned()),
            token_id: None,
        }
    }

    /// Whether it may do what needs `scope`. What needs none is for everybody who is known, and a guest is not.
    pub(crate) fn has(&self, scope: &Scope) -> bool {
        scope.is_within(&self.scope) && (self.subject.is_some() || !scope.is_empty())
    }

    fn guest(scope: &Scope) -> Self {
        Self { scope: scope.clone(), subject: None, client: None, username: None, token_id: None }
    }
}

impl From<Active> for Caller {
    fn from(token: Active) -> Self {
        Self {
            scope: token.scope,
            subject: Some(token.subject),
            client: token.client,
            username: token.username,
            token_id: token.token_id,
        }
    }
}

impl Call<'_> {
    /// Whoever `credentials` are of.
    pub(crate) async fn prove(&self, credentials: &Credentials) -> Result<Caller, Failed> {
        let config = &self.app.config;
        let issuer = config.issuer.as_ref().ok_or(UnknownIssuer)?;
        match credentials {
            Credentials::Token(token) => {
                let active = token.describe(self.app, self.now).await?.map_err(Unauthenticated::from)?; // §3.1
                if active.is_from(issuer) {
                    Ok(active.into())
                } else {
                    Err(Unauthenticated::OtherIssuer.into())
                }
            }
            Credentials::Person(basic) => {
                // It is by far the largest of these futures, and seldom needed.
                let user = Box::pin(self.person(basic)).await?;
                Ok(Caller::person(&user, &config.basic_scope))
            }
            Credentials::Client(credentials) => match credentials.prove_now(self.app, self.now).await {
                // What client_credentials would not give it, it does not get without.
                Ok(client) if !client.grant_types.contains(&GrantType::ClientCredentials) => {
                    Err(Unauthenticated::NotForItself.into())
                }
                Ok(client) => Ok(Caller::client(&client)),
                Err(AuthenticationError::Table(error)) => Err(error.into()),
                Err(error) => Err(Unauthenticated::Client(error).into()),
            },
            Credentials::Guest => Ok(Caller::guest(&config.guest_scope)),
        }
    }

    /// The user whose name and password are in `basic`. Attempts are counted like those to sign in.
    async fn person(&self, basic: &Basic) -> Result<User, Failed> {
        // The issuer's proxies do not stand before the APIs.
        let trusted_proxies = self.app.config.throttling.api_trusted_proxies;
        let address = self.event.address(trusted_proxies).ok_or(Unauthenticated::NoAddress)?;
        let claim = Claim {
            channel: Channel::Call,
            name: &basic.name,
            password: &basic.password,
            origin: Origin::Address(address),
        };
        let proven = claim.prove(self.app, self.now).await?;
        Ok(proven
            .map(|proven| proven.user)
            .inspect_err(|unproven: &Unproven| self.note(unproven.event()))
            .map_err(Unauthenticated::from)?)
    }
}
