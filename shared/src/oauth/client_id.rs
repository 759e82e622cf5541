//! Client identifiers (RFC 6749 §2.2).

use std::{fmt, str::FromStr};

use serde_with::{DeserializeFromStr, SerializeDisplay};

use crate::secret::Id;

/// A client identifier (RFC 6749 §2.2). Jeton generates 128 random bits, so that a client cannot have the `sub` of a
/// user. The local server also uses fixed identifiers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay, DeserializeFromStr)]
pub struct ClientId(String);

/// Error for text that is not a client identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a client id is 1 to 22 letters, digits, dashes or underscores")]
pub struct InvalidClientId;

impl ClientId {
    /// The start of a self-registered client's id. IAM policies tell the clients apart by it.
    const SELF_REGISTERED: &str = "d-";

    pub fn random() -> Self {
        Self::from(Id::random())
    }

    /// Returns whether this is the id of a self-registered client (RFC 7591). An [`Id`] has no dash, so the id of no other
    /// client has this form.
    pub fn is_self_registered(&self) -> bool {
        self.0.starts_with(Self::SELF_REGISTERED)
    }

    /// Returns the id of a self-registered client: 20 of the characters of `id`, 119 bits.
    pub fn self_registered(id: Id) -> Self {
        let text = id.to_string();
        Self(format!("{}{}", Self::SELF_REGISTERED, text.get(2..).unwrap_or_default()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Id> for ClientId {
    fn from(id: Id) -> Self {
        Self(id.to_string())
    }
}

impl FromStr for ClientId {
    type Err = InvalidClientId;

    fn from_str(text: &str) -> Result<Self, InvalidClientId> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if (1..=22).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidClientId)
        }
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
