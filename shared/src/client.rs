//! Clients: the registered applications (RFC 6749 §2).

mod authenticate;
mod redirect_uri;
mod registration;
mod store;

pub use authenticate::{Authenticated, AuthenticationError, Failed, authenticate};
pub use redirect_uri::destination;
pub use registration::{NotRegistrable, Registration};
pub use store::{Store, Unchanged};

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{
    scope::Scope,
    secret::{ClientSecret, Digest, Id, Secret},
    time::Timestamp,
};

/// A client identifier (RFC 6749 §2.2). Jeton makes its own, of 128 random bits, so that a client can never have
/// the name of a person; a few fixed ones may be chosen by the local server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct ClientId(String);

/// Text that no client can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a client id is 1 to 22 letters, digits, dashes or underscores")]
pub struct NoClientId;

impl ClientId {
    /// An identifier that no client has.
    pub fn random() -> Self {
        Self::from(Id::random())
    }

    /// The identifier.
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
    type Err = NoClientId;

    fn from_str(text: &str) -> Result<Self, NoClientId> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if (1..=22).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NoClientId)
        }
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Gives an enum of protocol words its `as_str`, `ALL`, `FromStr` and `Display`.
macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $type {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word that the protocol has for it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let words: Vec<_> = Self::ALL.iter().map(|one| one.as_str()).collect();
                let found = Self::ALL.iter().copied().find(|one| one.as_str() == text);
                found.ok_or_else(|| format!("must be one of {}", words.join(", ")))
            }
        }
    };
}

/// How a client proves who it is at the token endpoint (RFC 7591 §2, `token_endpoint_auth_method`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// HTTP Basic with its id and secret.
    ClientSecretBasic,
    /// `client_id` and `client_secret` in the body.
    ClientSecretPost,
    /// It does not: a public client.
    None,
}

words!(AuthMethod {
    ClientSecretBasic = "client_secret_basic",
    ClientSecretPost = "client_secret_post",
    None = "none",
});

/// A way to get tokens (RFC 6749 §1.3) that a client may be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// A person signs in and agrees (§4.1).
    AuthorizationCode,
    /// The client's own credentials are enough (§4.4).
    ClientCredentials,
    /// Tokens for tokens (§6).
    RefreshToken,
}

words!(GrantType {
    AuthorizationCode = "authorization_code",
    ClientCredentials = "client_credentials",
    RefreshToken = "refresh_token",
});

/// The `client#…` item: an application's registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// `client#` and the client's id.
    #[serde(rename = "pk")]
    key: String,
    /// The version of this format: 1.
    #[serde(rename = "v")]
    version: u8,
    /// The client identifier.
    #[serde(rename = "client_id")]
    pub id: ClientId,
    /// What people are told it is called.
    pub name: String,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Its secrets, newest first: none for a public client, two while one replaces the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<RegisteredSecret>,
    /// The ways in which it may authenticate. A String Set.
    #[serde(serialize_with = "serde_dynamo::string_set::serialize")]
    pub auth_methods: Vec<AuthMethod>,
    /// The grants it may use. A String Set, left out if empty.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "serde_dynamo::string_set::serialize"
    )]
    pub grant_types: Vec<GrantType>,
    /// Where people may be sent back to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// The scope it may ask for. A String Set, left out if empty.
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// The scope it gets if it asks for none. A String Set, left out if empty.
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    pub default_scope: Scope,
    /// Whether it may introspect access tokens that others were issued.
    pub resource_server: bool,
    /// Whether it belongs to the deployment's owner, so that people need not be asked for consent.
    pub first_party: bool,
    /// Whether it may do without PKCE, though it is confidential; it must then repeat its redirect URI.
    #[serde(default)]
    pub pkce_optional: bool,
    /// How long what it is issued lives.
    pub lifetimes: Lifetimes,
    /// The person who made it and whose standing it shares; none for an administrator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Id>,
}

/// One of a client's secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredSecret {
    /// What it is called: the id within the secret itself.
    pub id: Id,
    /// Its digest.
    pub digest: Digest<ClientSecret>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working; none until a successor was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// How long the things that a client is issued live. In seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetimes {
    /// An authorization code: 10 to 600.
    pub code: u32,
    /// An access token: 60 to 86,400.
    pub access_token: u32,
    /// A refresh token that is not used: 60 to 7,776,000.
    pub refresh_token: u32,
    /// A refresh token may be presented again for this long after its rotation, as if for the first time: 0 to 300.
    pub refresh_grace: u32,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { code: 60, access_token: 3_600, refresh_token: 30 * 86_400, refresh_grace: 60 }
    }
}

impl Lifetimes {
    /// How long an access token lives.
    pub fn access_token(&self) -> Duration {
        Duration::from_secs(self.access_token.into())
    }

    /// How long a refresh token lives unless it is used.
    pub fn refresh_token(&self) -> Duration {
        Duration::from_secs(self.refresh_token.into())
    }

    /// How long a rotated refresh token may be presented again.
    pub fn refresh_grace(&self) -> Duration {
        Duration::from_secs(self.refresh_grace.into())
    }
}

impl Client {
    /// The most secrets that work at a time: one, and the one it replaces.
    pub const MOST_SECRETS: usize = 2;
    /// The most clients that one person may own.
    pub const MOST_OWNED: usize = 20;

    /// The key of the client called `id`.
    pub fn key(id: &ClientId) -> String {
        format!("client#{id}")
    }

    /// Whether a code may be issued to it without a challenge (RFC 7636).
    pub fn may_skip_pkce(&self) -> bool {
        self.pkce_optional && !self.is_public()
    }

    /// Whether it has no secret: a native or browser application (RFC 6749 §2.1).
    pub fn is_public(&self) -> bool {
        self.auth_methods == [AuthMethod::None]
    }

    /// Its secrets once `secret` is the current one: the one it replaces works for `overlap` more, an older one no
    /// longer.
    pub fn rotated(
        &self,
        secret: &Secret<ClientSecret>,
        now: Timestamp,
        overlap: Duration,
    ) -> Vec<RegisteredSecret> {
        let previous = self.secrets.iter().take(Self::MOST_SECRETS - 1).map(|previous| {
            let end = now.after(overlap);
            let end = previous.expires_at.map_or(end, |sooner| sooner.min(end));
            RegisteredSecret { expires_at: Some(end), ..previous.clone() }
        });
        [RegisteredSecret::new(secret, now)].into_iter().chain(previous).collect()
    }

    /// Whether `secret` is one of its own, and still works.
    fn is_proven_by(&self, secret: &Secret<ClientSecret>, now: Timestamp) -> bool {
        let digest = secret.digest();
        self.secrets.iter().any(|known| {
            known.expires_at.is_none_or(|expires_at| !expires_at.has_passed(now)) && known.digest == digest
        })
    }
}
