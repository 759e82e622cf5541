//! The token response (RFC 6749 §5.1).

use std::time::Duration;

use serde::Serialize;
use shared::{
    oauth::Scope,
    secret::{AccessToken, RefreshToken, Secret},
    time::Timestamp,
};

/// The tokens of a token response.
pub(crate) struct Tokens {
    pub(crate) access_token: Secret<AccessToken>,
    /// `None`: the access token never expires.
    pub(crate) expires_in: Option<Duration>,
    /// The refresh token and its remaining lifetime.
    pub(crate) refresh_token: Option<(Secret<RefreshToken>, Duration)>,
    pub(crate) scope: Scope,
    /// In an OpenID Connect response only.
    pub(crate) id_token: Option<String>,
}

/// The fields of a token response about lifetimes.
#[derive(Clone, Copy)]
pub(crate) enum ExpiryFields {
    /// `expires_in`.
    Standard,
    /// Also `expires` and `refresh_token_expires_in` (a compatibility switch).
    Detailed { now: Timestamp },
}

impl Tokens {
    /// Returns the response of RFC 6749 §5.1. It always contains the scope, also if it equals the requested one.
    pub(crate) fn response(&self, expiry: ExpiryFields) -> impl Serialize {
        #[derive(Serialize)]
        struct TokenResponse<'a> {
            access_token: &'a str,
            token_type: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            expires_in: Option<u64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            expires: Option<u64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            refresh_token: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            refresh_token_expires_in: Option<u64>,
            #[serde(skip_serializing_if = "String::is_empty")]
            scope: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            id_token: Option<&'a str>,
        }

        let refresh_token = self.refresh_token.as_ref();
        let (expires, refresh_token_expires_in) = match expiry {
            ExpiryFields::Standard => (None, None),
            ExpiryFields::Detailed { now } => (
                self.expires_in.map(|left| now.after(left).seconds()),
                refresh_token.map(|(_, left)| left.as_secs()),
            ),
        };
        TokenResponse {
            access_token: self.access_token.expose(),
            token_type: "Bearer",
            expires_in: self.expires_in.as_ref().map(Duration::as_secs),
            expires,
            refresh_token: refresh_token.map(|(token, _)| token.expose()),
            refresh_token_expires_in,
            scope: self.scope.to_string(),
            id_token: self.id_token.as_deref(),
        }
    }
}
