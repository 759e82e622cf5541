//! The reasons why the demo cannot be registered.

use shared::{
    clients::{self, InvalidRegistration, description::InvalidDescription},
    endpoint::UnknownIssuer,
    oauth::{ClientId, InvalidResourceUri},
    openid::InvalidClaim,
    resources,
    users::{self, InvalidPassword, InvalidUserName},
};

/// The reason why the demo cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Issuer(#[from] UnknownIssuer),
    #[error(transparent)]
    Uri(#[from] InvalidResourceUri),
    #[error(transparent)]
    Resource(#[from] resources::WriteError),
    #[error(transparent)]
    Registration(#[from] InvalidRegistration),
    #[error(transparent)]
    Scope(#[from] InvalidDescription),
    #[error("the client {0} was deleted, and this database keeps that: give --database another file")]
    Deleted(ClientId),
    #[error(transparent)]
    Client(clients::WriteError),
    #[error("the client has no secret")]
    Public,
    #[error(transparent)]
    Name(#[from] InvalidUserName),
    #[error(transparent)]
    Password(#[from] InvalidPassword),
    #[error(transparent)]
    Claim(#[from] InvalidClaim),
    #[error(transparent)]
    User(#[from] users::Unchanged),
}

impl From<clients::WriteError> for Error {
    fn from(error: clients::WriteError) -> Self {
        match error {
            clients::WriteError::Deleted(id) => Self::Deleted(id),
            error => Self::Client(error),
        }
    }
}
