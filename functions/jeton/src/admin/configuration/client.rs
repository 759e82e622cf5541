//! A client in the file.

use std::{ops::Not, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use shared::{
    clients::{Client, Lifetimes, Registration},
    oauth::{AuthMethod, GrantType, ResourceUri, Switch},
    status::Status,
};

use super::schema;

/// A client: an application that gets tokens, or introspects them.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Client")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property of its own, as in the command's options"
)]
pub(in crate::admin) struct ClientProperties {
    /// The name that users see.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// Whether the client has no secret: a native or browser application. It cannot change.
    #[serde(default, skip_serializing_if = "Not::not")]
    public: bool,
    /// The grants that the client may use. Default: with a redirect URI `authorization_code` and `refresh_token`; else with
    /// the switch `password` `password` and `refresh_token`; for a resource server none; else `client_credentials`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words::<GrantType>")]
    grants: Vec<GrantType>,
    /// The redirect URIs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    redirect_uris: Vec<String>,
    /// The URIs that the client may send users to after signing out (OpenID Connect RP-Initiated Logout).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    post_logout_redirect_uris: Vec<String>,
    /// The scope values that the client may request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    scope: Vec<String>,
    /// The scope values of a request without `scope`. Default: all of `scope`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    default_scope: Vec<String>,
    /// The methods that the client may authenticate by. Default: both with a secret; none for a public client.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words::<AuthMethod>")]
    auth_methods: Vec<AuthMethod>,
    /// The URIs of the resources that the client gets tokens for. Default: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>", length(max = 20))]
    resources: Vec<ResourceUri>,
    /// Whether the client may introspect the access tokens of other clients.
    #[serde(default, skip_serializing_if = "Not::not")]
    resource_server: bool,
    /// The URIs of the resources that the resource server serves: it sees only the tokens for these. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>", length(max = 20))]
    serves: Vec<ResourceUri>,
    /// Whether the client belongs to the deployment's owner: users are not asked for consent.
    #[serde(default, skip_serializing_if = "Not::not")]
    first_party: bool,
    /// Whether the client may omit PKCE: it must then repeat its redirect URI. Not for public clients.
    #[serde(default, skip_serializing_if = "Not::not")]
    pkce_optional: bool,
    /// Whether a refresh response contains an ID token, too.
    #[serde(default, skip_serializing_if = "Not::not")]
    id_token_on_refresh: bool,
    /// The client's compatibility switches. Each permits what today's RFCs advise against.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "parsed",
        serialize_with = "displayed"
    )]
    #[schemars(schema_with = "schema::client_switches")]
    compat: Vec<Switch>,
    /// Lifetime of an authorization code, in seconds: 10 to 600. Default: 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 600))]
    code_ttl: Option<u32>,
    /// Lifetime of an access token, in seconds: 60 to 86400; with the switch `ttl` up to 7776000, or 0, which is without end.
    /// Default: 3600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 7_776_000))]
    access_token_ttl: Option<u32>,
    /// With the switch `ttl`: the longest lifetime in seconds that a token request may choose, up to 7776000, or 0, which is
    /// without end. Default: `access_token_ttl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 7_776_000))]
    longest_access_token_ttl: Option<u32>,
    /// Lifetime of an unused refresh token, in seconds: 60 to 7776000. Default: 2592000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 60, max = 7_776_000))]
    refresh_token_ttl: Option<u32>,
    /// How long a rotated refresh token may be presented again, for the same tokens, in seconds: 0 to 300. Default: 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 300))]
    refresh_grace: Option<u32>,
    /// Whether the client is disabled: it gets no tokens. Disabling it ends all its grants.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub(in crate::admin) disabled: bool,
}

impl ClientProperties {
    /// Returns the properties as a request to register a client. Its resources are as they are written in the file.
    pub(in crate::admin) fn registration(&self) -> Registration {
        let lifetimes = Lifetimes::default();
        Registration {
            name: self.name.clone(),
            public: self.public,
            grant_types: self.grants.clone(),
            redirect_uris: self.redirect_uris.clone(),
            scope: self.scope.clone(),
            default_scope: self.default_scope.clone(),
            auth_methods: self.auth_methods.clone(),
            resources: self.resources.clone(),
            resource_server: self.resource_server,
            serves: self.serves.clone(),
            first_party: self.first_party,
            pkce_optional: self.pkce_optional,
            compat: self.compat.iter().copied().collect(),
            id_token_on_refresh: self.id_token_on_refresh,
            post_logout_redirect_uris: self.post_logout_redirect_uris.clone(),
            lifetimes: Lifetimes {
                code: self.code_ttl.unwrap_or(lifetimes.code),
                access_token: self.access_token_ttl.unwrap_or(lifetimes.access_token),
                longest_access_token: self.longest_access_token_ttl,
                refresh_token: self.refresh_token_ttl.unwrap_or(lifetimes.refresh_token),
                refresh_grace: self.refresh_grace.unwrap_or(lifetimes.refresh_grace),
            },
        }
    }

    /// Returns the properties of a registered client, without those that have their default.
    pub(in crate::admin) fn of(client: &Client, status: &Status) -> Self {
        let all = Registration::of(client);
        let with_defaults = Registration {
            grant_types: Vec::new(),
            default_scope: Vec::new(),
            auth_methods: Vec::new(),
            ..all.clone()
        };
        // `None`: what older versions registered may not be registered again.
        let default = with_defaults.update(client).ok();
        let default = default.as_ref();
        let (lifetimes, standard) = (client.lifetimes, Lifetimes::default());
        let unless_default = |seconds: u32, default: u32| (seconds != default).then_some(seconds);
        Self {
            name: all.name,
            public: all.public,
            grants: unless_same_set(all.grant_types, default.map(|default| &*default.grant_types)),
            redirect_uris: all.redirect_uris,
            post_logout_redirect_uris: all.post_logout_redirect_uris,
            scope: all.scope,
            default_scope: if default.is_some_and(|default| default.default_scope == client.default_scope) {
                Vec::new()
            } else {
                all.default_scope
            },
            auth_methods: unless_same_set(all.auth_methods, default.map(|default| &*default.auth_methods)),
            resources: sorted(all.resources),
            resource_server: all.resource_server,
            serves: sorted(all.serves),
            first_party: all.first_party,
            pkce_optional: all.pkce_optional,
            id_token_on_refresh: all.id_token_on_refresh,
            compat: all.compat.iter().collect(),
            code_ttl: unless_default(lifetimes.code, standard.code),
            access_token_ttl: unless_default(lifetimes.access_token, standard.access_token),
            longest_access_token_ttl: lifetimes.longest_access_token,
            refresh_token_ttl: unless_default(lifetimes.refresh_token, standard.refresh_token),
            refresh_grace: unless_default(lifetimes.refresh_grace, standard.refresh_grace),
            disabled: status.disabled,
        }
    }
}

/// Returns the words in alphabetical order; none, if they are those of `default`.
fn unless_same_set<T: PartialEq + ToString>(mut words: Vec<T>, default: Option<&[T]>) -> Vec<T> {
    let is_same =
        |default: &[T]| words.len() == default.len() && words.iter().all(|word| default.contains(word));
    if default.is_some_and(is_same) {
        return Vec::new();
    }
    words.sort_by_cached_key(T::to_string);
    words
}

/// DynamoDB returns the members of a String Set in any order.
fn sorted(mut uris: Vec<ResourceUri>) -> Vec<ResourceUri> {
    uris.sort();
    uris
}

fn parsed<'de, T: FromStr<Err = String>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    words.iter().map(|word| word.parse().map_err(D::Error::custom)).collect()
}

fn displayed<T: ToString, S: Serializer>(words: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(words.iter().map(T::to_string))
}
