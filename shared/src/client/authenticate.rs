//! Client authentication (RFC 6749 §2.3, §3.2.1), the same at every endpoint that asks for it.

use std::{ops::Deref, sync::Arc};

use lambda_http::http::{StatusCode, header};
use zeroize::Zeroizing;

use super::{AuthMethod, Client, ClientId, store::Found};
use crate::{
    app::App,
    http::{Basic, Call, Form, Refusal, Request},
    secret::{ClientSecret, Secret},
    status::{Fallen, Whose},
    table,
    time::Timestamp,
};

/// A client that has proven who it is; or a public one, which has only said so. Made by [`authenticate`],
/// [`Credentials::prove`] and [`Credentials::prove_now`] alone.
#[derive(Clone, Debug)]
pub struct Authenticated(Arc<Client>);

impl Deref for Authenticated {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

/// Why a request is not from a client in good standing.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// It says nothing of who it is.
    #[error("the request names no client")]
    Nobody,
    /// It authenticates in two ways at once (§2.3).
    #[error("the request authenticates in more than one way")]
    TwoMethods,
    /// Its body names another client than its `Authorization` header.
    #[error("the body names another client than the Authorization header")]
    TwoClients,
    /// Its `Authorization` header is not what RFC 7617 and §2.3.1 make of an id and a secret.
    #[error("the Authorization header is not a client's HTTP Basic credentials")]
    MalformedHeader,
    /// No such client.
    #[error("there is no such client")]
    Unknown,
    /// The client has a secret, and must send it.
    #[error("a confidential client sent no secret")]
    NoSecret,
    /// The client authenticates in another way than it is registered for.
    #[error("the client is not registered for {0}")]
    MethodNotAllowed(AuthMethod),
    /// The secret is not the client's.
    #[error("the secret is not the client's")]
    WrongSecret,
    /// An administrator has disabled the client.
    #[error("the client is disabled")]
    Disabled,
    /// The person who owns the client is not in good standing, or no developer.
    #[error("the client's owner: {0}")]
    Owner(#[from] Fallen),
    /// A way of authenticating that Jeton does not offer.
    #[error("the request authenticates with a client assertion")]
    Assertion,
    /// The registration cannot be read now.
    #[error(transparent)]
    Table(#[from] table::Error),
}

/// A failed authentication, and whether the client used the `Authorization` header.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct Failed {
    cause: AuthenticationError,
    by_header: bool,
}

/// Who a request says it is from, and what it shows for it: nothing is proven yet.
pub struct Credentials {
    id: String,
    secret: Option<Zeroizing<String>>,
    method: AuthMethod,
}

/// The client that `call` is from.
pub async fn authenticate(call: &Call<'_>, form: &Form) -> Result<Authenticated, Failed> {
    let by_header = call.request.headers().contains_key(header::AUTHORIZATION);
    prove(call, form).await.map_err(|cause| Failed { cause, by_header })
}

async fn prove(call: &Call<'_>, form: &Form) -> Result<Authenticated, AuthenticationError> {
    let credentials = Credentials::read(&call.request, form)?;
    call.asked_by(&credentials.id()?);
    credentials.prove(call.app, call.now).await
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
            (None, None, _) => Err(AuthenticationError::Nobody),
        }
    }

    /// RFC 6749 §2.3.1: id and secret are each form-encoded before they become what RFC 7617 takes.
    pub fn of_basic(basic: &Basic) -> Option<Self> {
        Some(Self {
            id: form_decoded(&basic.name)?.to_string(),
            secret: Some(form_decoded(&basic.password)?),
            method: AuthMethod::ClientSecretBasic,
        })
    }

    /// Both as parameters of the request (RFC 6749 §2.3.1).
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

    /// The client, if it is in good standing and proves it in a way that it is registered for.
    pub async fn prove(&self, app: &App, now: Timestamp) -> Result<Authenticated, AuthenticationError> {
        let id = self.id()?;
        let Found { mut client, fresh } = app.clients.find(&id, now).await?;
        match self.verify(&client, now) {
            // The registration was remembered, not read: its secret may have been replaced since.
            Err(AuthenticationError::WrongSecret) if !fresh => {
                client = app.clients.find_fresh(&id, now).await?.client;
                self.verify(&client, now)?;
            }
            verified => verified?,
        }
        if let Some(owner) = client.owner.map(Whose::Owner) {
            let statuses = app.statuses.find_lately(std::slice::from_ref(&owner), now).await?;
            owner.upholds(statuses.first().and_then(Option::as_ref), now)?;
        }
        Ok(Authenticated(client))
    }

    /// The same, of what is stored at this moment: where a secret is what every call is made with, nothing is read
    /// after it that would notice that the client was disabled.
    pub async fn prove_now(&self, app: &App, now: Timestamp) -> Result<Authenticated, AuthenticationError> {
        let client = app.clients.find_fresh(&self.id()?, now).await?.client;
        self.verify(&client, now)?;
        // A client that a developer owns is good for nothing unless they are in good standing, and a developer still.
        if let Some(owner) = client.owner.map(Whose::Owner) {
            let statuses = app.statuses.find(std::slice::from_ref(&owner)).await?;
            owner.upholds(statuses.first().and_then(Option::as_ref), now)?;
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

/// `text` without its form encoding (RFC 6749 appendix B); `None` if it has none that is right.
fn form_decoded(text: &str) -> Option<Zeroizing<String>> {
    let spaced = Zeroizing::new(text.replace('+', " "));
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(Zeroizing::new(decoded.into_owned()))
}

impl From<Failed> for Refusal {
    fn from(Failed { cause, by_header }: Failed) -> Self {
        use AuthenticationError as E;

        let reason = cause.to_string();
        match cause {
            E::TwoMethods => Self::invalid_request("Authenticate the client in one way only.", reason),
            E::TwoClients => Self::invalid_request("The request names two different clients.", reason),
            // One answer for all of these: it does not tell which clients exist, or how they authenticate.
            E::Nobody
            | E::MalformedHeader
            | E::Unknown
            | E::NoSecret
            | E::MethodNotAllowed(_)
            | E::WrongSecret
            | E::Disabled
            | E::Owner(_)
            | E::Assertion => {
                let description = "Client authentication failed.";
                let refusal = Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description, reason);
                if by_header { refusal.with_basic_challenge() } else { refusal }
            }
            E::Table(error) => error.into(),
        }
    }
}
