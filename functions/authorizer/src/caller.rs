//! The authenticated caller of a request.

use shared::{
    endpoint::{
        Authenticated, AuthenticationError, PasswordCredentials, PasswordError, UnknownIssuer, bearer::Active,
    },
    http::Basic,
    oauth::{ClientId, GrantType, ResourceUri, Scope},
    users::{
        User,
        rate_limit::{Channel, Origin},
    },
};

use crate::{
    call::Call,
    credentials::Credentials,
    error::{CallerError, Unauthenticated},
};

/// The caller of a request, and its scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) scope: Scope,
    /// The user's `sub`, or the client's id if it calls for itself (RFC 7662 §2.2). `None`: no credentials.
    pub(crate) subject: Option<String>,
    pub(crate) client: Option<ClientId>,
    /// The user's login name.
    pub(crate) username: Option<String>,
    /// The token's `jti`.
    pub(crate) token_id: Option<String>,
    /// The resource that the token was issued for (RFC 8707). `None`: none, as for every caller without an access token.
    pub(crate) audience: Option<ResourceUri>,
}

impl Caller {
    /// Returns a client that calls with its own id and secret. Its scope is that of a token that it requests without
    /// `scope`.
    fn client(client: &Authenticated) -> Self {
        Self {
            scope: client.default_scope.clone(),
            subject: Some(client.id.to_string()),
            client: Some(client.id.clone()),
            username: None,
            token_id: None,
            audience: None,
        }
    }

    /// Returns a user who calls with name and password, without a client.
    fn user(user: &User, scope: &Scope) -> Self {
        Self {
            scope: scope.clone(),
            subject: Some(user.sub.to_string()),
            client: None,
            username: Some(user.username.as_str().to_owned()),
            token_id: None,
            audience: None,
        }
    }

    /// Returns whether the caller has `scope`. An empty scope requires credentials, too: a guest does not have it.
    pub(crate) fn has(&self, scope: &Scope) -> bool {
        scope.is_within(&self.scope) && (self.subject.is_some() || !scope.is_empty())
    }

    fn guest(scope: &Scope) -> Self {
        Self {
            scope: scope.clone(),
            subject: None,
            client: None,
            username: None,
            token_id: None,
            audience: None,
        }
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
            audience: token.audience,
        }
    }
}

impl Caller {
    /// Returns the caller whose `credentials` these are.
    pub(crate) async fn authenticate(
        call: &Call<'_>,
        credentials: &Credentials,
    ) -> Result<Self, CallerError> {
        let config = &call.app.config;
        let issuer = config.issuer.as_ref().ok_or(UnknownIssuer)?;
        match credentials {
            Credentials::Token(token) => {
                let active = token.describe(call.app, call.now).await?; // §3.1
                if active.is_from(issuer) {
                    Ok(active.into())
                } else {
                    Err(Unauthenticated::OtherIssuer.into())
                }
            }
            Credentials::User(basic) => {
                // By far the largest of these futures, and seldom needed.
                let user = Box::pin(verify_user(call, basic)).await?;
                Ok(Self::user(&user, &config.basic_scope))
            }
            Credentials::Client(credentials) => {
                match credentials.authenticate_fresh(call.app, call.now).await {
                    // A secret gives a client no more than a client_credentials token would.
                    Ok(client) if !client.grant_types.contains(&GrantType::ClientCredentials) => {
                        Err(Unauthenticated::UnauthorizedClient.into())
                    }
                    // These credentials are for no resource: a client with a list may have no such token.
                    Ok(client) if !client.is_registered_for(None) => {
                        Err(Unauthenticated::OtherResource.into())
                    }
                    Ok(client) => Ok(Self::client(&client)),
                    Err(AuthenticationError::Table(error)) => Err(error.into()),
                    Err(error) => Err(Unauthenticated::Client(error).into()),
                }
            }
            Credentials::Guest => Ok(Self::guest(&config.guest_scope)),
        }
    }
}

/// Returns the user whose name and password are in `basic`. Attempts are rate-limited like those to sign in.
async fn verify_user(call: &Call<'_>, basic: &Basic) -> Result<User, CallerError> {
    // The issuer's proxies do not stand before the APIs.
    let trusted_proxies = call.app.config.rate_limit.api_trusted_proxies;
    let address = call.event.address(trusted_proxies).ok_or(Unauthenticated::NoAddress)?;
    let credentials = PasswordCredentials {
        channel: Channel::ApiCall,
        username: &basic.name,
        password: &basic.password,
        origin: Origin::Address(address),
    };
    let verified = credentials.verify(call.app, call.now).await;
    if let Some(event) = verified.as_ref().err().and_then(PasswordError::event) {
        call.log(event);
    }
    Ok(verified?.user)
}
