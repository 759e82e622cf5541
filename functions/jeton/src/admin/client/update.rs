//! `jeton client update`

use clap::{ArgAction, Args};
use shared::{
    client::{AuthMethod, GrantType, Lifetimes, Registration},
    compat::{Switch, Switches},
};

use super::{Admin, Error, count_switches, describe, known, scope_values};

/// What is to be changed about a client.
#[derive(Debug, Args)]
pub struct Update {
    /// The client's id
    client_id: String,
    /// What people are told it is called
    #[arg(long)]
    name: Option<String>,
    /// The grants it may use; may be repeated
    #[arg(long = "grant", value_name = "G")]
    grants: Option<Vec<GrantType>>,
    /// Where people may be sent back to; may be repeated
    #[arg(long = "redirect-uri", value_name = "U")]
    redirect_uris: Option<Vec<String>>,
    /// The scope values it may ask for; may be repeated. Without --default-scope they are all its default, too
    #[arg(long = "scope", value_name = "S")]
    scope: Option<Vec<String>>,
    /// The scope values it gets if it asks for none; may be repeated
    #[arg(long = "default-scope", value_name = "S")]
    default_scope: Option<Vec<String>>,
    /// How it may authenticate; may be repeated
    #[arg(long = "auth-method", value_name = "METHOD")]
    auth_methods: Option<Vec<AuthMethod>>,
    /// Whether it may introspect access tokens that others were issued
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set)]
    resource_server: Option<bool>,
    /// Whether it belongs to the deployment's owner
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set)]
    first_party: Option<bool>,
    /// Whether it may do without PKCE
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set)]
    pkce_optional: Option<bool>,
    /// The compatibility switches that it has; may be repeated, or several with commas between them; `none` for none
    #[arg(long, value_name = "SWITCH")]
    compat: Option<Vec<Switches>>,
    /// How long a code lives: 10 to 600
    #[arg(long, value_name = "SECONDS")]
    code_ttl: Option<u32>,
    /// How long an access token lives: 60 to 86400; with --compat ttl to 7776000, or 0, which is without end
    #[arg(long, value_name = "SECONDS")]
    access_token_ttl: Option<u32>,
    /// With --compat ttl: the longest lifetime that a token request may ask for
    #[arg(long, value_name = "SECONDS")]
    longest_access_token_ttl: Option<u32>,
    /// How long an unused refresh token lives: 60 to 7776000
    #[arg(long, value_name = "SECONDS")]
    refresh_token_ttl: Option<u32>,
    /// How long a rotated refresh token may be presented again: 0 to 300
    #[arg(long, value_name = "SECONDS")]
    refresh_grace: Option<u32>,
}

impl Update {
    /// Does it, unless somebody else changes the client at the same time.
    pub async fn run(self, admin: &Admin) -> Result<(), Error> {
        let id = self.client_id.parse()?;
        let (client, _) = known(admin, &id).await?;
        let amended = self.amended(Registration::of(&client)).amend(&client)?;
        admin.app.clients.amend(&client, &amended).await?;
        admin.client_changed(&id, "updated");
        let (kept, status) = known(admin, &id).await?;
        let json = describe(&kept, &status, admin.latest());
        admin.print(&json, &format!("Client {id} is updated."))?;
        count_switches(admin).await
    }

    /// What the client is registered as, with the changes made.
    fn amended(self, registered: Registration) -> Registration {
        let lifetimes = registered.lifetimes;
        let compat = self.compat.map(|lists| lists.iter().flat_map(Switches::iter).collect());
        let compat: Switches = compat.unwrap_or_else(|| registered.compat.clone());
        // A grant that its switch allowed goes with it.
        let allowed = |grant_type: &GrantType| grant_type.switch().is_none_or(|switch| compat.has(switch));
        let grant_types =
            self.grants.unwrap_or_else(|| registered.grant_types.iter().copied().filter(allowed).collect());
        let default_scope = match (&self.default_scope, &self.scope) {
            (Some(named), _) => scope_values(named),
            (None, Some(_)) => Vec::new(),
            (None, None) => registered.default_scope,
        };
        Registration {
            name: self.name.unwrap_or(registered.name),
            public: registered.public,
            grant_types,
            redirect_uris: self.redirect_uris.unwrap_or(registered.redirect_uris),
            scope: self.scope.map_or(registered.scope, |named| scope_values(&named)),
            default_scope,
            auth_methods: self.auth_methods.unwrap_or(registered.auth_methods),
            resource_server: self.resource_server.unwrap_or(registered.resource_server),
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
        }
    }
}
