//! Clients: the registered applications (RFC 6749 §2).

mod authenticate;
mod in_use;
mod redirect_uri;
mod registration;
mod scope;
mod store;

pub use authenticate::{Authenticated, AuthenticationError, Credentials, Failed, authenticate};
pub use redirect_uri::destination;
pub use registration::{NotRegistrable, Registration};
pub use scope::ScopeError;
pub use store::{Store, Unchanged};

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{
    compat::{Switch, Switches},
    scope::Scope,
    secret::{ClientSecret, Digest, Id, Secret},
    time::Timestamp,
    words::words,
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
    /// A person's name and password are enough (§4.3); needs the switch of that name.
    Password,
    /// A person signs in and agrees, and there is no code (§4.2); needs the switch of that name.
    Implicit,
}

words!(GrantType {
    AuthorizationCode = "authorization_code",
    ClientCredentials = "client_credentials",
    RefreshToken = "refresh_token",
    Password = "password",
    Implicit = "implicit",
});

impl GrantType {
    /// The switch that it needs, if it needs one.
    pub const fn switch(self) -> Option<Switch> {
        match self {
            Self::AuthorizationCode | Self::ClientCredentials | Self::RefreshToken => None,
            Self::Password => Some(Switch::Password),
            Self::Implicit => Some(Switch::Implicit),
        }
    }
}

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
    /// The compatibility switches that it has. A String Set, left out if empty.
    #[serde(default, skip_serializing_if = "Switches::is_empty")]
    pub compat: Switches,
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
    /// An access token: 60 to 86,400; with the switch `ttl` to 7,776,000, or 0, which is without end.
    pub access_token: u32,
    /// With the switch `ttl`: the most that a token request may ask for, up to 7,776,000, or 0, which is without end.
    /// If it is not there, no more than `access_token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_access_token: Option<u32>,
    /// A refresh token that is not used: 60 to 7,776,000.
    pub refresh_token: u32,
    /// A refresh token may be presented again for this long after its rotation, as if for the first time: 0 to 300.
    pub refresh_grace: u32,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            code: 60,
            access_token: 3_600,
            longest_access_token: None,
            refresh_token: 30 * 86_400,
            refresh_grace: 60,
        }
    }
}

impl Lifetimes {
    /// The most seconds that an access token lives at clients without the switch `ttl`.
    pub const MOST_ACCESS_TOKEN: u32 = 86_400;

    /// How long an access token lives; none: without end.
    pub fn access_token(&self) -> Option<Duration> {
        endless_if_zero(self.access_token)
    }

    /// How long an access token lives for which `asked` was asked for (none: without end): that long, or as long as
    /// is allowed.
    pub fn access_token_of(&self, asked: Option<Duration>) -> Option<Duration> {
        let longest = endless_if_zero(self.longest_access_token.unwrap_or(self.access_token));
        [asked, longest].into_iter().flatten().min()
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

fn endless_if_zero(seconds: u32) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
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

    /// What of it counts in a deployment that permits these switches: none that is not among them, nor anything that
    /// needs one.
    #[must_use]
    pub fn under(mut self, permitted: &Switches) -> Self {
        self.compat = self.compat.within(permitted);
        let compat = &self.compat;
        self.grant_types.retain(|grant_type| grant_type.switch().is_none_or(|switch| compat.has(switch)));
        if !compat.has(Switch::Ttl) {
            let most = Lifetimes::MOST_ACCESS_TOKEN;
            self.lifetimes.longest_access_token = None;
            self.lifetimes.access_token = match self.lifetimes.access_token {
                0 => most,
                seconds => seconds.min(most),
            };
        }
        self
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
