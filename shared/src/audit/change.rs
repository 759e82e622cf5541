//! The changes that events are about.

use serde::Serialize;

/// A change of a personal token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenChange {
    Created,
    Ended,
}

/// A change of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientChange {
    Created,
    Updated,
    SecretRotated,
    Disabled,
    Enabled,
    Deleted,
    /// All tokens that were issued to the client until then were revoked.
    EverythingEnded,
}

/// A change of a scope value's description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeChange {
    Described,
    Deleted,
}

/// A change of a protected resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceChange {
    Created,
    Updated,
    Deleted,
}

/// A change of a signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyChange {
    Added,
    /// A key that waited signs without waiting any longer.
    UsedAtOnce,
    Removed,
}

/// A change of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UserChange {
    Created,
    /// An administrator set the password.
    PasswordSet,
    /// The user changed the password.
    PasswordChanged,
    /// An administrator made a reset link.
    ResetLinkCreated,
    /// The user set the password by a reset link.
    PasswordReset,
    Disabled,
    Enabled,
    Deleted,
    RoleGranted,
    RoleRemoved,
    /// All sessions of the user were ended.
    SignedOut,
    /// All grants and personal tokens of the user until then were revoked.
    EverythingEnded,
}
