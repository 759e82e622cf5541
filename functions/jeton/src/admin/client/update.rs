//! `jeton client update`

use clap::{ArgAction, Args};
use shared::{
    audit::ClientChange,
    clients::{Lifetimes, Registration},
    oauth::{AuthMethod, GrantType, Switch, Switches},
};

use super::{
    description,
    options::{OPENID_SCOPE, ResourceOrAny, all_switches, check_openid, resource_or_any},
};
use crate::admin::{
    connection::Admin,
    error::Error,
    words::{client_switches, one_of, scope_values},
};

#[derive(Debug, Args)]
pub struct Update {
    /// The client's id
    client_id: String,
    /// The name that users see
    #[arg(long)]
    name: Option<String>,
    /// A grant that the client may use; repeatable
    #[arg(long = "grant", value_name = "G", value_parser = one_of::<GrantType>())]
    grants: Option<Vec<GrantType>>,
    /// A redirect URI; repeatable
    #[arg(long = "redirect-uri", value_name = "U")]
    redirect_uris: Option<Vec<String>>,
    /// A scope value that the client may request; repeatable. Without --default-scope, they become the default scope, too
    #[arg(long = "scope", value_name = "S")]
    scope: Option<Vec<String>>,
    /// A scope value that a request without `scope` gets; repeatable
    #[arg(long = "default-scope", value_name = "S")]
    default_scope: Option<Vec<String>>,
    /// A method that the client may authenticate by; repeatable
    #[arg(long = "auth-method", value_name = "METHOD", value_parser = one_of::<AuthMethod>())]
    auth_methods: Option<Vec<AuthMethod>>,
    /// Let the client sign users in by OpenID Connect: adds the scope values `openid`, `profile` and `email` to those that
    /// it has, or to those of --scope
    #[arg(long)]
    openid: bool,
    /// Whether a refresh response contains an ID token, too
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set)]
    id_token_on_refresh: Option<bool>,
    /// A URI that the client may send users to after signing out; repeatable. An empty value removes all of them
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    post_logout_redirect_uris: Option<Vec<String>>,
    /// A resource, by its URI; repeatable. The client gets tokens for these resources only. `any` sets no limit
    #[arg(long = "resource", value_name = "URI", value_parser = resource_or_any)]
    resources: Option<Vec<ResourceOrAny>>,
    /// Whether the client may introspect the access tokens of other clients
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set)]
    resource_server: Option<bool>,
    /// A resource that the resource server serves, by its URI; repeatable. `any` stands for all of them
    #[arg(long, value_name = "URI", value_parser = resource_or_any)]
    serves: Option<Vec<ResourceOrAny>>,
    /// Whether the client belongs to the deployment's owner
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set)]
    first_party: Option<bool>,
    /// Whether the client may omit PKCE
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set)]
    pkce_optional: Option<bool>,
    /// A compatibility switch of the client; repeatable, or a list separated by commas
    #[arg(long, value_name = "SWITCH", value_parser = client_switches())]
    compat: Option<Vec<Switches>>,
    /// Lifetime of an authorization code: 10 to 600
    #[arg(long, value_name = "SECONDS")]
    code_ttl: Option<u32>,
    /// Lifetime of an access token: 60 to 86400; with --compat ttl up to 7776000, or 0, which is without end
    #[arg(long, value_name = "SECONDS")]
    access_token_ttl: Option<u32>,
    /// With --compat ttl: the longest lifetime that a token request may choose, up to 7776000, or 0, which is without end
    #[arg(long, value_name = "SECONDS")]
    longest_access_token_ttl: Option<u32>,
    /// Lifetime of an unused refresh token: 60 to 7776000
    #[arg(long, value_name = "SECONDS")]
    refresh_token_ttl: Option<u32>,
    /// How long a rotated refresh token may be presented again, for the same tokens: 0 to 300
    #[arg(long, value_name = "SECONDS")]
    refresh_grace: Option<u32>,
}

impl Update {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        let id = self.client_id.parse()?;
        let (client, _) = admin.client(&id).await?;
        let mut registration = Registration::of(&client);
        if let Some(options) = &self.resources {
            registration.resources = admin.registered(options).await?;
        }
        match &self.serves {
            Some(options) => registration.serves = admin.registered(options).await?,
            // What is no longer a resource server serves nothing.
            None if self.resource_server == Some(false) => registration.serves.clear(),
            None => {}
        }
        let openid = self.openid;
        let updated = self.apply(registration).update(&client)?;
        if openid {
            check_openid(&updated)?;
        }
        admin.app.clients.update(&client, &updated).await?;
        admin.audit_client(&id, ClientChange::Updated);
        let (client, status) = admin.client(&id).await?;
        let json = description::json(&client, &status, admin.latest());
        admin.print(&json, &format!("Client {id} is updated."))
    }

    /// Returns the registration with the given options.
    fn apply(self, registered: Registration) -> Registration {
        let lifetimes = registered.lifetimes;
        let compat = self.compat.map_or_else(|| registered.compat.clone(), |lists| all_switches(&lists));
        // A client that loses the switch of a grant loses the grant.
        let allowed = |grant_type: &GrantType| grant_type.switch().is_none_or(|switch| compat.has(switch));
        let grant_types =
            self.grants.unwrap_or_else(|| registered.grant_types.iter().copied().filter(allowed).collect());
        let default_scope = match (&self.default_scope, &self.scope) {
            (Some(options), _) => scope_values(options),
            (None, Some(_)) => Vec::new(),
            (None, None) => registered.default_scope,
        };
        let post_logout_redirect_uris = match self.post_logout_redirect_uris {
            Some(options) => options.into_iter().filter(|uri| !uri.is_empty()).collect(),
            None => registered.post_logout_redirect_uris,
        };
        let mut scope = self.scope.map_or(registered.scope, |options| scope_values(&options));
        if self.openid {
            scope.extend(OPENID_SCOPE.map(str::to_owned));
        }
        Registration {
            name: self.name.unwrap_or(registered.name),
            public: registered.public,
            grant_types,
            redirect_uris: self.redirect_uris.unwrap_or(registered.redirect_uris),
            scope,
            default_scope,
            auth_methods: self.auth_methods.unwrap_or(registered.auth_methods),
            resources: registered.resources,
            resource_server: self.resource_server.unwrap_or(registered.resource_server),
            serves: registered.serves,
            first_party: self.first_party.unwrap_or(registered.first_party),
            pkce_optional: self.pkce_optional.unwrap_or(registered.pkce_optional),
            lifetimes: Lifetimes {
                code: self.code_ttl.unwrap_or(lifetimes.code),
                access_token: self.access_token_ttl.unwrap_or(lifetimes.access_token),
                longest_access_token: self
                    .longest_access_token_ttl
                    .or_else(|| lifetimes.longest_access_token.filter(|_| compat.has(Switch::Ttl))),
                refresh_token: self.refresh_token_ttl.unwrap_or(lifetimes.refresh_token),
                refresh_grace: self.refresh_grace.unwrap_or(lifetimes.refresh_grace),
            },
            compat,
            id_token_on_refresh: self.id_token_on_refresh.unwrap_or(registered.id_token_on_refresh),
            post_logout_redirect_uris,
        }
    }
}
