//! The reason why one line of an import is bad.
//!
//! # Design
//! Reasons never quote a value: any value of a bad line may be a hash.

use shared::{
    openid::InvalidClaim,
    secret::Id,
    status::Role,
    users::{InvalidUserName, password::InvalidPasswordHash},
};

use super::import_names::RefusedName;

/// The reason why a line is not imported.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadLine {
    /// More than this number of bytes.
    #[error("a line has at most {0} bytes")]
    TooLong(usize),
    #[error("not a JSON object: each line must be a whole one")]
    NotJson,
    #[error("`{0}` is missing")]
    Missing(String),
    /// A member, and the values that it may have.
    #[error("`{0}` must be {1}")]
    Kind(String, &'static str),
    /// The known names. The unknown one is not quoted: it may be a secret, or control a terminal.
    #[error("a name is unknown; a line of Jeton has {}", .0.join(", "))]
    Unknown(&'static [&'static str]),
    #[error(transparent)]
    UserName(#[from] InvalidUserName),
    #[error("the user name is a UUID: choose another attribute by --username-from, such as email")]
    UuidAsName,
    #[error("`{0}` is not verified, so it cannot become the user name")]
    Unverified(String),
    #[error("`password`: {0}. Leave it out to import the user without a password")]
    PasswordHash(#[from] InvalidPasswordHash),
    #[error("a user of a Jeton export has the user name in `username`: leave out --username-from")]
    OwnUserName,
    #[error("a user has at most {} roles", Role::MOST)]
    TooManyRoles,
    #[error(transparent)]
    RefusedName(#[from] RefusedName),
    #[error("another user has the sub {0}, or a deleted user had it")]
    SubTaken(Id),
    /// The claim is named, and its value is not quoted.
    #[error(transparent)]
    Claim(#[from] InvalidClaim),
    /// A resource server must not take a client for a user (RFC 9700 §4.15).
    #[error("the sub {0} is the id of a client")]
    SubOfClient(Id),
}
