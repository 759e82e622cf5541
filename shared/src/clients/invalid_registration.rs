//! The reasons why a client cannot be registered.

use super::{Client, Registration};
use crate::oauth::{GrantType, InvalidScope, Scope, Switch, redirect_uri::InvalidRedirectUri};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRegistration {
    #[error("a name is one line of 1 to {} characters", Client::MOST_NAME_CHARACTERS)]
    Name,
    #[error("redirect URI {uri:?}: {reason}")]
    RedirectUri {
        /// The URI, cut off after 100 characters.
        uri: String,
        reason: InvalidRedirectUri,
    },
    #[error("at most {} redirect URIs", Registration::MOST_REDIRECT_URIS)]
    TooManyRedirectUris,
    #[error("post-logout redirect URI {uri:?}: {reason}")]
    PostLogoutRedirectUri {
        /// The URI, cut off after 100 characters.
        uri: String,
        reason: InvalidRedirectUri,
    },
    #[error("at most {} post-logout redirect URIs", Registration::MOST_REDIRECT_URIS)]
    TooManyPostLogoutRedirectUris,
    #[error("the {name} must be {least} to {most} seconds")]
    Lifetime { name: &'static str, least: u32, most: u32 },
    /// A longest lifetime on request, without the switch that lets token requests choose one.
    #[error("a longest access token lifetime needs the switch {}", Switch::Ttl)]
    LongestLifetimeNeedsSwitch,
    #[error(transparent)]
    Scope(#[from] InvalidScope),
    #[error(
        "at most {} scope values, of {} characters each",
        Registration::MOST_SCOPE_VALUES,
        Scope::MOST_VALUE_BYTES
    )]
    ScopeTooLarge,
    #[error("the default scope must be part of the scope")]
    DefaultScopeOutsideScope,
    #[error("one grant carries at most 20 scope values of 224 bytes together: give a smaller default scope")]
    DefaultScopeTooLarge,
    #[error("the switch {0} belongs to the deployment (JETON_COMPAT), not to a client")]
    DeploymentSwitch(Switch),
    #[error("the grant {0} needs the switch of the same name")]
    GrantNeedsSwitch(GrantType),
    #[error("refresh_token needs a grant that issues refresh tokens: authorization_code or password")]
    NothingToRefresh,
    #[error("the grant {0} needs a redirect URI")]
    GrantNeedsRedirectUri(GrantType),
    #[error("a public client needs a redirect URI")]
    PublicNeedsRedirectUri,
    #[error("a public client cannot use client_credentials (RFC 6749 §4.4)")]
    PublicClientCredentials,
    #[error("a public client must use PKCE (RFC 9700 §2.1.1)")]
    PublicWithoutPkce,
    #[error("a public client's refresh tokens must rotate (RFC 9700 §4.14.2)")]
    PublicWithoutRotation,
    #[error("a public client has no secret to authenticate with")]
    PublicWithSecret,
    #[error("a client that does not authenticate must be public")]
    ConfidentialWithoutSecret,
    #[error("a public client stays public, and a confidential one confidential")]
    TypeChanged,
    #[error("an id that starts with d- is for a client that registers itself")]
    ReservedId,
    #[error(
        "a client that registered itself is never first-party, a resource server or exempt from PKCE, and has no \
         switches, no client_credentials, no scope or resources of its own, and no OpenID Connect"
    )]
    SelfRegistered,
    #[error("an ID token on refresh needs the scope value openid and the grant refresh_token")]
    IdTokenOnRefresh,
    #[error("a post-logout redirect URI needs the scope value openid")]
    PostLogoutWithoutOpenId,
    #[error("at most {} resources", Registration::MOST_RESOURCES)]
    TooManyResources,
    #[error("only a resource server serves resources")]
    ServesNeedsResourceServer,
}
