//! `jeton client create`

use clap::Args;
use serde_json::{Map, json};
use shared::{
    audit::ClientChange,
    clients::{Lifetimes, Registration},
    oauth::{AuthMethod, ClientId, GrantType, Switches},
};

use super::{
    options::{OPENID_SCOPE, ResourceOrAny, all_switches, check_openid, discovery_url, resource_or_any},
    secret,
};
use crate::admin::{
    connection::Admin,
    error::Error,
    output::properties,
    words::{client_switches, one_of, scope_values},
};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Create {
    /// The name that users see
    #[arg(long)]
    name: String,
    /// The login name of the developer who owns the client. The client works only while its owner has that role and is
    /// in good standing
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Register a client without a secret: a native or browser application
    #[arg(long)]
    public: bool,
    /// A grant that the client may use; repeatable [default: with a redirect URI `authorization_code` and `refresh_token`;
    /// else with --compat password `password` and `refresh_token`; for a resource server none; else `client_credentials`]
    #[arg(long = "grant", value_name = "G", value_parser = one_of::<GrantType>())]
    grants: Vec<GrantType>,
    /// A redirect URI; repeatable
    #[arg(long = "redirect-uri", value_name = "U")]
    redirect_uris: Vec<String>,
    /// A scope value that the client may request; repeatable
    #[arg(long = "scope", value_name = "S")]
    scope: Vec<String>,
    /// A scope value that a request without `scope` gets; repeatable [default: all of --scope]
    #[arg(long = "default-scope", value_name = "S")]
    default_scope: Vec<String>,
    /// A method that the client may authenticate by; repeatable [default: both with a secret; none for a public client]
    #[arg(long = "auth-method", value_name = "METHOD", value_parser = one_of::<AuthMethod>())]
    auth_methods: Vec<AuthMethod>,
    /// Let the client sign users in by OpenID Connect: adds the scope values `openid`, `profile` and `email`, and, with
    /// `JETON_ISSUER`, prints the URL of the discovery document. The client needs a redirect URI
    #[arg(long)]
    openid: bool,
    /// Issue an ID token with each refresh, too. Few clients need that: kubectl, identity pools, Grafana
    #[arg(long)]
    id_token_on_refresh: bool,
    /// A URI that the client may send users to after signing out (OpenID Connect RP-Initiated Logout); repeatable
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    post_logout_redirect_uris: Vec<String>,
    /// A resource, by its URI; repeatable. The client gets tokens for these resources only. `any` sets no limit [default: any]
    #[arg(long = "resource", value_name = "URI", value_parser = resource_or_any)]
    resources: Vec<ResourceOrAny>,
    /// Let the client introspect the access tokens of other clients
    #[arg(long)]
    resource_server: bool,
    /// With --resource-server: a resource that the client serves, by its URI; repeatable. It sees only the tokens for these.
    /// `any` stands for all of them [default: any]
    #[arg(long, value_name = "URI", value_parser = resource_or_any)]
    serves: Vec<ResourceOrAny>,
    /// The client belongs to the deployment's owner: users are not asked for consent
    #[arg(long)]
    first_party: bool,
    /// Let the client omit PKCE: it must then repeat its redirect URI; not for public clients
    #[arg(long)]
    pkce_optional: bool,
    /// A compatibility switch of the client; repeatable, or a list separated by commas. Each switch permits what today's
    /// RFCs advise against
    #[arg(long, value_name = "SWITCH", value_parser = client_switches())]
    compat: Vec<Switches>,
    /// Lifetime of an authorization code: 10 to 600
    #[arg(long, value_name = "SECONDS", default_value_t = Lifetimes::default().code)]
    code_ttl: u32,
    /// Lifetime of an access token: 60 to 86400; with --compat ttl up to 7776000, or 0, which is without end
    #[arg(long, value_name = "SECONDS", default_value_t = Lifetimes::default().access_token)]
    access_token_ttl: u32,
    /// With --compat ttl: the longest lifetime that a token request may choose, up to 7776000, or 0, which is without end
    /// [default: that of --access-token-ttl]
    #[arg(long, value_name = "SECONDS")]
    longest_access_token_ttl: Option<u32>,
    /// Lifetime of an unused refresh token: 60 to 7776000
    #[arg(long, value_name = "SECONDS", default_value_t = Lifetimes::default().refresh_token)]
    refresh_token_ttl: u32,
    /// How long a rotated refresh token may be presented again, for the same tokens: 0 to 300
    #[arg(long, value_name = "SECONDS", default_value_t = Lifetimes::default().refresh_grace)]
    refresh_grace: u32,
}

impl Create {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        let owner = match &self.owner {
            Some(name) => Some(admin.developer(name).await?),
            None => None,
        };
        let openid = self.openid;
        let discovery = admin.app.config.issuer.as_ref().filter(|_| openid).map(discovery_url);
        let resources = admin.registered(&self.resources).await?;
        let serves = admin.registered(&self.serves).await?;
        let registration = Registration { resources, serves, ..self.registration() };
        let (mut client, secret) = registration.accept(ClientId::random(), admin.app.clock.now())?;
        if openid {
            check_openid(&client)?;
        }
        client.owner = owner;
        admin.app.clients.create(&client).await?;
        admin.audit_client(&client.id, ClientChange::Created);
        let mut rows = vec![("client id", client.id.to_string())];
        let mut json = Map::from_iter([("client_id".to_owned(), json!(client.id))]);
        let mut note = String::new();
        if let Some(secret) = secret {
            rows.push(("client secret", secret.expose().to_owned()));
            json.insert("client_secret".to_owned(), secret.expose().into());
            note = format!("\n\n{}", secret::SHOWN_ONCE);
        }
        if let Some(discovery) = discovery {
            json.insert("discovery_url".to_owned(), discovery.as_str().into());
            rows.push(("discovery URL", discovery));
        }
        admin.print(&json.into(), &format!("{}{note}", properties(rows)))
    }

    fn registration(self) -> Registration {
        let (mut scope, mut grant_types) = (scope_values(&self.scope), self.grants);
        if self.openid {
            scope.extend(OPENID_SCOPE.map(str::to_owned));
            if grant_types.is_empty() {
                grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
            }
        }
        Registration {
            name: self.name,
            public: self.public,
            grant_types,
            redirect_uris: self.redirect_uris,
            scope,
            default_scope: scope_values(&self.default_scope),
            auth_methods: self.auth_methods,
            resources: Vec::new(),
            resource_server: self.resource_server,
            serves: Vec::new(),
            first_party: self.first_party,
            pkce_optional: self.pkce_optional,
            compat: all_switches(&self.compat),
            id_token_on_refresh: self.id_token_on_refresh,
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            lifetimes: Lifetimes {
                code: self.code_ttl,
                access_token: self.access_token_ttl,
                longest_access_token: self.longest_access_token_ttl,
                refresh_token: self.refresh_token_ttl,
                refresh_grace: self.refresh_grace,
            },
        }
    }
}
