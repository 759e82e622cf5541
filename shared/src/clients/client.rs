//! The registration of a client (RFC 6749 §2, RFC 7591 §2).

use std::{ops::Not, time::Duration};

use serde::{Deserialize, Serialize};

use super::Lifetimes;
use crate::{
    dynamodb::stored,
    oauth::{AuthMethod, ClientId, GrantType, ResourceUri, Scope, Switch, Switches},
    secret::{ClientSecret, Digest, Id, Secret},
    time::Timestamp,
};

stored! {
    /// The `client#…` item: an application's registration.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Client {
        /// `client#` and the client's id.
        pub(super) key: String = "pk",
        /// The version of this format: 1.
        pub(super) version: u8 = "v",
        pub id: ClientId = "client_id",
        /// The name that users see.
        pub name: String = "name",
        pub created_at: Timestamp = "created_at",
        /// The secrets, newest first: none of a public client, two while one replaces the other.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub secrets: Vec<RegisteredSecret> = "secrets",
        /// A String Set.
        #[serde(serialize_with = "serde_dynamo::string_set::serialize")]
        pub auth_methods: Vec<AuthMethod> = "auth_methods",
        /// A String Set, left out if empty.
        #[serde(
            default,
            skip_serializing_if = "Vec::is_empty",
            serialize_with = "serde_dynamo::string_set::serialize"
        )]
        pub grant_types: Vec<GrantType> = "grant_types",
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub redirect_uris: Vec<String> = "redirect_uris",
        /// The scope that the client may request. A String Set, left out if empty.
        #[serde(default, skip_serializing_if = "Scope::is_empty")]
        pub scope: Scope = "scope",
        /// The scope of a request without `scope`. A String Set, left out if empty.
        #[serde(default, skip_serializing_if = "Scope::is_empty")]
        pub default_scope: Scope = "default_scope",
        /// The resources that the client may request tokens for. A String Set, left out if empty: any.
        #[serde(
            default,
            skip_serializing_if = "Vec::is_empty",
            serialize_with = "serde_dynamo::string_set::serialize"
        )]
        pub resources: Vec<ResourceUri> = "resources",
        /// Whether the client may introspect the access tokens of other clients.
        pub resource_server: bool = "resource_server",
        /// The resources that the resource server serves: it may introspect only tokens for these. A String Set, left out if
        /// empty: it may introspect all tokens.
        #[serde(
            default,
            skip_serializing_if = "Vec::is_empty",
            serialize_with = "serde_dynamo::string_set::serialize"
        )]
        pub serves: Vec<ResourceUri> = "serves",
        /// Whether the client belongs to the deployment's owner, so that it needs no consent.
        pub first_party: bool = "first_party",
        /// Whether the client may omit PKCE. Only a confidential client may, and must then repeat its redirect URI.
        #[serde(default)]
        pub pkce_optional: bool = "pkce_optional",
        /// The client's compatibility switches. A String Set, left out if empty.
        #[serde(default, skip_serializing_if = "Switches::is_empty")]
        pub compat: Switches = "compat",
        /// Whether a refresh response contains an ID token, too (OpenID Connect Core §12.2).
        #[serde(default, skip_serializing_if = "Not::not")]
        pub id_token_on_refresh: bool = "id_token_on_refresh",
        /// Where a user's browser may be sent after signing out (OpenID Connect RP-Initiated Logout §2).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub post_logout_redirect_uris: Vec<String> = "post_logout_redirect_uris",
        pub lifetimes: Lifetimes = "lifetimes",
        /// The developer who owns the client. The client works only while its owner has that role and is in good
        /// standing. `None`: an administrator registered the client.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub owner: Option<Id> = "owner",
        /// When a self-registered client is no longer known unless a user consents to it before. `None`: any other client.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub expires_at: Option<Timestamp> = "expires_at",
        /// When DynamoDB may delete the item, in epoch seconds. `None`: never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub(super) ttl: Option<u64> = "ttl",
    }
}

/// A client's secret, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredSecret {
    /// The id within the secret.
    pub id: Id,
    pub digest: Digest<ClientSecret>,
    pub created_at: Timestamp,
    /// `None` until a successor replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl RegisteredSecret {
    pub fn new(secret: &Secret<ClientSecret>, now: Timestamp) -> Self {
        Self { id: secret.id(), digest: secret.digest(), created_at: now, expires_at: None }
    }

    /// Returns whether the secret still works at `now`.
    pub fn works(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| !expires_at.has_passed(now))
    }
}

impl Client {
    /// The most characters in a name.
    pub const MOST_NAME_CHARACTERS: usize = 100;
    /// The most secrets that work at a time: the current one, and the one that it replaces.
    pub const MOST_SECRETS: usize = 2;
    /// The most clients of one developer.
    pub const MOST_OWNED: usize = 20;

    pub fn key(id: &ClientId) -> String {
        format!("client#{id}")
    }

    /// Returns the client in a deployment that permits these switches: without the other switches, and without what
    /// needs them. A self-registered client has only what a registration gives it.
    #[must_use]
    pub(super) fn limited_to(mut self, permitted: &Switches) -> Self {
        if self.is_self_registered() {
            self = self.without_privileges();
        }
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

    /// Returns the client without the properties that no client gets by registering itself. The register function, which
    /// writes the record, takes requests without authentication, so its records are not trusted with more.
    fn without_privileges(mut self) -> Self {
        let usual = [GrantType::AuthorizationCode, GrantType::RefreshToken];
        self.grant_types.retain(|grant_type| usual.contains(grant_type));
        Self {
            scope: Scope::default(),
            default_scope: Scope::default(),
            resources: Vec::new(),
            resource_server: false,
            serves: Vec::new(),
            first_party: false,
            pkce_optional: false,
            compat: Switches::default(),
            id_token_on_refresh: false,
            post_logout_redirect_uris: Vec::new(),
            owner: None,
            ..self
        }
    }

    /// Returns whether the client may request a code without a code challenge (RFC 7636).
    pub fn may_skip_pkce(&self) -> bool {
        self.pkce_optional && !self.is_public() && !self.is_self_registered()
    }

    /// Returns whether the client registered itself (RFC 7591): the administrators have not checked its name.
    pub fn is_self_registered(&self) -> bool {
        self.id.is_self_registered()
    }

    /// Returns whether the client is public (RFC 6749 §2.1): it has no secret.
    pub fn is_public(&self) -> bool {
        self.auth_methods == [AuthMethod::None]
    }

    /// Returns the client's secrets with `secret` as the current one. The previous one works for another `overlap`, an
    /// older one no longer.
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

    /// Returns whether `secret` is the client's, and works at `now`.
    pub(crate) fn is_proven_by(&self, secret: &Secret<ClientSecret>, now: Timestamp) -> bool {
        let digest = secret.digest();
        self.secrets.iter().any(|known| known.works(now) && known.digest == digest)
    }
}
