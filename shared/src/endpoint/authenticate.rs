//! Client authentication (RFC 6749 §2.3, §3.2.1).

use std::{ops::Deref, sync::Arc};

use lambda_http::http::{StatusCode, header};
use zeroize::Zeroizing;

use super::{App, Call};
use crate::{
    clients::{Client, FindError, Found},
    dynamodb,
    http::{Basic, Form, OAuthError, Request},
    oauth::{AuthMethod, ClientId},
    secret::{ClientSecret, Secret},
    status::{Principal, StandingError},
    time::Timestamp,
};

/// A confidential client that has authenticated, or a public client that has identified itself. Only [`authenticate`],
/// [`Credentials::authenticate`] and [`Credentials::authenticate_fresh`] make one.
#[derive(Clone, Debug)]
pub struct Authenticated(Arc<Client>);

impl Deref for Authenticated {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

/// The reason why a client is not authenticated.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    #[error("the request names no client")]
    NoClient,
    /// §2.3: one method per request.
    #[error("the request authenticates in more than one way")]
    TwoMethods,
    #[error("the body names another client than the Authorization header")]
    TwoClients,
    /// The `Authorization` header is not an id and a secret in the form of RFC 7617 and §2.3.1.
    #[error("the Authorization header is not a client's HTTP Basic credentials")]
    MalformedHeader,
    #[error("there is no such client")]
    Unknown,
    #[error("a confidential client sent no secret")]
    NoSecret,
    #[error("the client is not registered for the authentication method {0}")]
    MethodNotAllowed(AuthMethod),
    #[error("the secret is not the client's")]
    WrongSecret,
    #[error("the client is disabled")]
    Disabled,
    /// The user who owns the client is not in good standing or no longer a developer.
    #[error("the client's owner: {0}")]
    Owner(#[from] StandingError),
    /// Jeton does not offer client assertions (RFC 7521).
    #[error("the request authenticates with a client assertion")]
    Assertion,
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

/// The reason why client authentication failed, and whether the client used the `Authorization` header.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct AuthenticationFailed {
    cause: AuthenticationError,
    by_header: bool,
}

/// A client's credentials from a request, not yet verified.
pub struct Credentials {
    id: String,
    secret: Option<Zeroizing<String>>,
    method: AuthMethod,
}

/// Authenticates the client that sent `call`.
pub async fn authenticate(call: &Call<'_>, form: &Form) -> Result<Authenticated, AuthenticationFailed> {
    let by_header = call.request.headers().contains_key(header::AUTHORIZATION);
    authenticate_client(call, form).await.map_err(|cause| AuthenticationFailed { cause, by_header })
}

async fn authenticate_client(call: &Call<'_>, form: &Form) -> Result<Authenticated, AuthenticationError> {
    let credentials = Credentials::read(&call.request, form)?;
    call.set_client(&credentials.id()?);
    credentials.authenticate(call.app, call.now).await
}

impl Credentials {
    fn read(request: &Request, form: &Form) -> Result<Self, AuthenticationError> {
        let authorization = request.headers().get(header::AUTHORIZATION);
        let (id, secret) = (form.get("client_id"), form.get("client_secret"));
        if form.get("client_assertion").is_some() || form.get("client_assertion_type").is_some() {
            return Err(AuthenticationError::Assertion);
        }
        match (authorization, id, secret) {
            (Some(_), _, Some(_)) => Err(AuthenticationError::TwoMethods),
            (Some(header), id, None) => {
                let basic = header.to_str().ok().and_then(Basic::of_header);
                let basic =
                    basic.as_ref().and_then(Self::of_basic).ok_or(AuthenticationError::MalformedHeader)?;
                if id.is_some_and(|id| id != basic.id) {
                    return Err(AuthenticationError::TwoClients);
                }
                Ok(basic)
            }
            (None, Some(id), Some(secret)) => Ok(Self::of_parameters(id, secret)),
            (None, Some(id), None) => Ok(Self { id: id.to_owned(), secret: None, method: AuthMethod::None }),
            (None, None, _) => Err(AuthenticationError::NoClient),
        }
    }

    /// Returns the credentials in an `Authorization: Basic` header. RFC 6749 §2.3.1: id and secret are each
    /// form-encoded first.
    pub fn of_basic(basic: &Basic) -> Option<Self> {
        Some(Self {
            id: form_decoded(&basic.name)?.to_string(),
            secret: Some(form_decoded(&basic.password)?),
            method: AuthMethod::ClientSecretBasic,
        })
    }

    /// Returns the credentials in a request's parameters (RFC 6749 §2.3.1).
    pub fn of_parameters(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: Some(Zeroizing::new(secret.to_owned())),
            method: AuthMethod::ClientSecretPost,
        }
    }

    fn id(&self) -> Result<ClientId, AuthenticationError> {
        self.id.parse().map_err(|_| AuthenticationError::Unknown)
    }

    /// Authenticates the client: it and its owner are in good standing, and its method is registered. The registration
    /// and the owner's status may come from a cache.
    pub async fn authenticate(
        &self,
        app: &App,
        now: Timestamp,
    ) -> Result<Authenticated, AuthenticationError> {
        let id = self.id()?;
        let Found { mut client, fresh } = app.clients.find(&id, now).await?;
        match self.verify(&client, now) {
            // The cached registration may be outdated: the secret may have been rotated since.
            Err(AuthenticationError::WrongSecret) if !fresh => {
                client = app.clients.find_fresh(&id, now).await?.client;
                self.verify(&client, now)?;
            }
            verified => verified?,
        }
        if let Some(owner) = client.owner.map(Principal::Owner) {
            let statuses = app.statuses.find_cached(std::slice::from_ref(&owner), now).await?;
            owner.check(statuses.first().and_then(Option::as_ref), now)?;
        }
        Ok(Authenticated(client))
    }

    /// Authenticates the client without a cache. An API call with a client's secret needs it: no later read would
    /// notice that the client was disabled.
    pub async fn authenticate_fresh(
        &self,
        app: &App,
        now: Timestamp,
    ) -> Result<Authenticated, AuthenticationError> {
        let client = app.clients.find_fresh(&self.id()?, now).await?.client;
        self.verify(&client, now)?;
        if let Some(owner) = client.owner.map(Principal::Owner) {
            let status = app.statuses.find_one(&owner).await?;
            owner.check(status.as_ref(), now)?;
        }
        Ok(Authenticated(client))
    }

    fn verify(&self, client: &Client, now: Timestamp) -> Result<(), AuthenticationError> {
        match &self.secret {
            None if client.is_public() => Ok(()),
            None => Err(AuthenticationError::NoSecret),
            Some(_) if !client.auth_methods.contains(&self.method) => {
                Err(AuthenticationError::MethodNotAllowed(self.method))
            }
            Some(secret) => match Secret::<ClientSecret>::parse(secret) {
                Ok(secret) if client.is_proven_by(&secret, now) => Ok(()),
                Ok(_) | Err(_) => Err(AuthenticationError::WrongSecret),
            },
        }
    }
}

/// Decodes form-encoded `text` (RFC 6749 appendix B); `None` if the encoding is malformed.
fn form_decoded(text: &str) -> Option<Zeroizing<String>> {
    let spaced = Zeroizing::new(text.replace('+', " "));
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(Zeroizing::new(decoded.into_owned()))
}

impl From<FindError> for AuthenticationError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Unknown => Self::Unknown,
            FindError::Disabled => Self::Disabled,
            FindError::Table(error) => Self::Table(error),
        }
    }
}

impl From<AuthenticationFailed> for OAuthError {
    fn from(AuthenticationFailed { cause, by_header }: AuthenticationFailed) -> Self {
        use AuthenticationError as E;

        let reason = cause.to_string();
        match cause {
            E::TwoMethods => Self::invalid_request("Authenticate the client in one way only.", reason),
            E::TwoClients => Self::invalid_request("The request names two different clients.", reason),
            // One response for all of these: it must not reveal which clients exist, or how they authenticate.
            E::NoClient
            | E::MalformedHeader
            | E::Unknown
            | E::NoSecret
            | E::MethodNotAllowed(_)
            | E::WrongSecret
            | E::Disabled
            | E::Owner(_)
            | E::Assertion => {
                let description = "Client authentication failed.";
                let error = Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description, reason);
                if by_header { error.with_basic_challenge() } else { error }
            }
            E::Table(error) => error.into(),
        }
    }
}
