//! `jeton client …`

mod update;

use std::time::Duration;

use clap::{Args, Subcommand, value_parser};
use serde_json::{Value, json};
use shared::{
    client::{AuthMethod, Client, ClientId, GrantType, Lifetimes, Registration},
    compat::Switch,
    secret::{ClientSecret, Id, Secret, random},
    status::Status,
    time::Timestamp,
};

use super::{
    Admin, Error,
    output::{columns, lasting, or_none, properties, utc},
    sweep::sweep,
};
use update::Update;

/// What can be done with clients.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Register a client; its secret is shown this once
    Create(Box<Create>),
    /// Change a client's registration; what is not named stays as it is, and a list that is named takes the place of the one before
    Update(Box<Update>),
    /// List all clients
    List,
    /// Show a client
    Show {
        /// The client's id
        client_id: String,
    },
    /// Give a client a new secret, shown this once; the previous one keeps working for a while
    RotateSecret {
        /// The client's id
        client_id: String,
        /// How long the previous secret keeps working: 0, which ends it at once, to 2592000
        #[arg(long, value_name = "SECONDS", default_value_t = 86_400, value_parser = value_parser!(u64).range(0..=2_592_000))]
        overlap: u64,
    },
    /// Disable a client: it gets no tokens, and everything that it was issued is ended. The clean-up afterwards goes
    /// through the whole table
    Disable {
        /// The client's id
        client_id: String,
    },
    /// Enable a client again; what was ended stays ended
    Enable {
        /// The client's id
        client_id: String,
    },
    /// Delete a client; whatever it was issued is dead
    Delete {
        /// The client's id
        client_id: String,
    },
}

/// A client to be registered.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Create {
    /// What people are told it is called
    #[arg(long)]
    name: String,
    /// What the developer signs in as who owns it: it works for as long as they have that role
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// It has no secret: a native or browser application
    #[arg(long)]
    public: bool,
    /// A grant it may use; may be repeated: `authorization_code`, `client_credentials`, `refresh_token` [default: with a redirect URI `authorization_code` and `refresh_token`, else `client_credentials`; none for a resource server]
    #[arg(long = "grant", value_name = "G")]
    grants: Vec<GrantType>,
    /// Where people may be sent back to; may be repeated
    #[arg(long = "redirect-uri", value_name = "U")]
    redirect_uris: Vec<String>,
    /// A scope value it may ask for; may be repeated
    #[arg(long = "scope", value_name = "S")]
    scope: Vec<String>,
    /// A scope value it gets if it asks for none; may be repeated [default: all of them]
    #[arg(long = "default-scope", value_name = "S")]
    default_scope: Vec<String>,
    /// How it may authenticate; may be repeated: `client_secret_basic`, `client_secret_post` [default: both; neither if it is public]
    #[arg(long = "auth-method", value_name = "METHOD")]
    auth_methods: Vec<AuthMethod>,
    /// It may introspect access tokens that others were issued
    #[arg(long)]
    resource_server: bool,
    /// It belongs to the deployment's owner
    #[arg(long)]
    first_party: bool,
    /// It may do without PKCE, and must then repeat its redirect URI; not for public clients
    #[arg(long)]
    pkce_optional: bool,
    /// A compatibility switch that it has; may be repeated: `password`, `implicit`, `json`, `expires`, `no-rotation`, `ttl`, `query-credentials`; each does something that the RFCs of today advise against
    #[arg(long, value_name = "SWITCH")]
    compat: Vec<Switch>,
    /// How long a code lives: 10 to 600
    #[arg(long, value_name = "SECONDS", default_value_t = Lifetimes::default().code)]
    code_ttl: u32,
    /// How long an access token lives: 60 to 86400; with --compat ttl to 7776000, or 0, which is without end
    #[arg(long, value_name = "SECONDS", default_value_t = Lifetimes::default().access_token)]
    access_token_ttl: u32,
    /// With --compat ttl: the longest lifetime that a token request may ask for, up to 7776000, or 0, which is without end [default: that of --access-token-ttl]
    #[arg(long, value_name = "SECONDS")]
    longest_access_token_ttl: Option<u32>,
    /// How long an unused refresh token lives: 60 to 7776000
    #[arg(long, value_name = "SECONDS", default_value_t = Lifetimes::default().refresh_token)]
    refresh_token_ttl: u32,
    /// How long a rotated refresh token may be presented again: 0 to 300
    #[arg(long, value_name = "SECONDS", default_value_t = Lifetimes::default().refresh_grace)]
    refresh_grace: u32,
}

impl ClientCommand {
    /// Does it.
    pub async fn run(self, admin: &Admin) -> Result<(), Error> {
        match self {
            Self::Create(create) => create.run(admin).await,
            Self::Update(update) => update.run(admin).await,
            Self::List => list(admin).await,
            Self::Show { client_id } => show(admin, &client_id.parse()?).await,
            Self::RotateSecret { client_id, overlap } => {
                rotate_secret(admin, &client_id.parse()?, Duration::from_secs(overlap)).await
            }
            Self::Disable { client_id } => disable(admin, &client_id.parse()?).await,
            Self::Enable { client_id } => enable(admin, &client_id.parse()?).await,
            Self::Delete { client_id } => delete(admin, &client_id.parse()?).await,
        }
    }
}

impl Create {
    async fn run(self, admin: &Admin) -> Result<(), Error> {
        let owner = match &self.owner {
            Some(name) => Some(admin.developer(name).await?),
            None => None,
        };
        let registration = Registration {
            name: self.name,
            public: self.public,
            grant_types: self.grants,
            redirect_uris: self.redirect_uris,
            scope: scope_values(&self.scope),
            default_scope: scope_values(&self.default_scope),
            auth_methods: self.auth_methods,
            resource_server: self.resource_server,
            first_party: self.first_party,
            pkce_optional: self.pkce_optional,
            compat: self.compat.into_iter().collect(),
            lifetimes: Lifetimes {
                code: self.code_ttl,
                access_token: self.access_token_ttl,
                longest_access_token: self.longest_access_token_ttl,
                refresh_token: self.refresh_token_ttl,
                refresh_grace: self.refresh_grace,
            },
        };
        let (mut client, secret) = registration.accept(ClientId::random(), admin.app.clock.now())?;
        client.owner = owner;
        admin.app.clients.create(&client).await?;
        admin.client_changed(&client.id, "created");
        // Whatever fails from here on, the secret has been told.
        print_secret(admin, &client.id, secret.as_ref(), "Keep the secret safe: it is not shown again.")?;
        if client.compat.is_empty() { Ok(()) } else { count_switches(admin).await }
    }
}

/// Several values may stand in one option, as in a token request: `--scope "read write"`.
fn scope_values(options: &[String]) -> Vec<String> {
    options.iter().flat_map(|option| option.split(' ')).map(str::to_owned).collect()
}

async fn list(admin: &Admin) -> Result<(), Error> {
    let mut clients = admin.app.clients.list().await?;
    clients.sort_by(|(one, _), (other, _)| (&one.name, one.created_at).cmp(&(&other.name, other.created_at)));
    let json: Value =
        clients.iter().map(|(client, status)| describe(client, status, admin.latest())).collect();
    let rows = clients.iter().map(|(client, status)| {
        [
            client.id.to_string(),
            client.name.clone(),
            kind(client).to_owned(),
            words(&client.grant_types),
            client.scope.to_string(),
            if status.disabled { "disabled" } else { "enabled" }.to_owned(),
        ]
    });
    admin.print(&json, &columns(["CLIENT ID", "NAME", "TYPE", "GRANTS", "SCOPE", "STATUS"], rows))
}

async fn show(admin: &Admin, id: &ClientId) -> Result<(), Error> {
    // What has been ended is over, though the clocks of two runs may differ by a second.
    let now = admin.latest();
    let (client, status) = known(admin, id).await?;
    let lifetimes = &client.lifetimes;
    let human = properties([
        ("client id", client.id.to_string()),
        ("name", client.name.clone()),
        ("status", if status.disabled { "disabled" } else { "enabled" }.to_owned()),
        ("registered", utc(client.created_at)),
        ("authenticates by", words(&client.auth_methods)),
        ("grants", or_none(words(&client.grant_types))),
        ("scope", or_none(client.scope.to_string())),
        ("default scope", or_none(client.default_scope.to_string())),
        ("redirect URIs", or_none(client.redirect_uris.join("\n"))),
        ("resource server", yes(client.resource_server)),
        ("first party", yes(client.first_party)),
        ("owner", client.owner.map_or_else(|| "none".to_owned(), |owner| owner.to_string())),
        ("PKCE", if client.pkce_optional { "optional" } else { "required" }.to_owned()),
        ("compatibility", or_none(client.compat.iter().map(switch_line).collect::<Vec<_>>().join("\n"))),
        ("code lives", lasting(lifetimes.code.into())),
        ("access token lives", lasting_or_endless(lifetimes.access_token)),
        (
            "or on request",
            lifetimes.longest_access_token.map_or_else(
                || or_none(String::new()),
                |longest| format!("up to {}", lasting_or_endless(longest)),
            ),
        ),
        ("refresh token lives", lasting(lifetimes.refresh_token.into())),
        ("refresh grace", lasting(lifetimes.refresh_grace.into())),
        (
            "secrets",
            or_none(
                client.secrets.iter().map(|secret| secret_line(secret, now)).collect::<Vec<_>>().join("\n"),
            ),
        ),
    ]);
    admin.print(&describe(&client, &status, now), &human)
}

async fn rotate_secret(admin: &Admin, id: &ClientId, overlap: Duration) -> Result<(), Error> {
    let (client, _) = known(admin, id).await?;
    if client.is_public() {
        return Err(Error::Usage(format!("client {id} is public: it has no secret")));
    }
    let secret = Secret::<ClientSecret>::new(Id::random(), &random());
    let secrets = client.rotated(&secret, admin.app.clock.now(), overlap);
    admin.app.clients.replace_secrets(&client, &secrets).await?;
    admin.client_changed(id, "secret_rotated");
    let note = match overlap.as_secs() {
        0 => "The previous secret no longer works.".to_owned(),
        seconds => format!("The previous secret works for another {}.", lasting(seconds)),
    };
    print_secret(admin, id, Some(&secret), &format!("Keep the secret safe: it is not shown again. {note}"))
}

async fn disable(admin: &Admin, id: &ClientId) -> Result<(), Error> {
    let end = admin.latest();
    admin.app.clients.disable(id, end).await?;
    admin.client_changed(id, "disabled");
    let ended = sweep(admin, &admin.app.grants.of_client(id).await?).await?;
    admin.passed(end).await;
    let json = json!({ "client_id": id, "disabled": true, "grants_ended": ended });
    admin.print(&json, &format!("Client {id} is disabled."))
}

async fn enable(admin: &Admin, id: &ClientId) -> Result<(), Error> {
    admin.app.clients.enable(id).await?;
    admin.client_changed(id, "enabled");
    admin.print(&json!({ "client_id": id, "disabled": false }), &format!("Client {id} is enabled."))
}

async fn delete(admin: &Admin, id: &ClientId) -> Result<(), Error> {
    admin.app.clients.delete(id).await?;
    admin.client_changed(id, "deleted");
    admin.print(&json!({ "client_id": id, "deleted": true }), &format!("Client {id} is deleted."))?;
    count_switches(admin).await
}

/// Counts the switches that clients have, after a change that has been made and told.
async fn count_switches(admin: &Admin) -> Result<(), Error> {
    admin.app.clients.count_switches().await.map_err(Error::Uncounted)
}

async fn known(admin: &Admin, id: &ClientId) -> Result<(Client, Status), Error> {
    let found = admin.app.clients.read(id).await?;
    found.ok_or_else(|| Error::NotFound(format!("there is no client {id}")))
}

fn print_secret(
    admin: &Admin,
    id: &ClientId,
    secret: Option<&Secret<ClientSecret>>,
    note: &str,
) -> Result<(), Error> {
    let Some(secret) = secret else {
        return admin.print(&json!({ "client_id": id }), &properties([("client id", id.to_string())]));
    };
    let rows = [("client id", id.to_string()), ("client secret", secret.expose().to_owned())];
    let json = json!({ "client_id": id, "client_secret": secret.expose() });
    admin.print(&json, &format!("{}\n\n{note}", properties(rows)))
}

fn describe(client: &Client, status: &Status, now: Timestamp) -> Value {
    let secrets: Vec<Value> = client
        .secrets
        .iter()
        .map(|secret| {
            json!({
                "id": secret.id,
                "created_at": secret.created_at.seconds(),
                "expires_at": secret.expires_at.map(Timestamp::seconds),
                "works": secret.expires_at.is_none_or(|expires_at| !expires_at.has_passed(now)),
            })
        })
        .collect();
    json!({
        "client_id": client.id,
        "name": client.name,
        "public": client.is_public(),
        "disabled": status.disabled,
        "created_at": client.created_at.seconds(),
        "auth_methods": client.auth_methods,
        "grants": client.grant_types,
        "redirect_uris": client.redirect_uris,
        "scope": client.scope.values().collect::<Vec<_>>(),
        "default_scope": client.default_scope.values().collect::<Vec<_>>(),
        "resource_server": client.resource_server,
        "first_party": client.first_party,
        "owner": client.owner,
        "pkce_optional": client.pkce_optional,
        "compat": client.compat.iter().map(Switch::as_str).collect::<Vec<_>>(),
        "code_ttl": client.lifetimes.code,
        "access_token_ttl": client.lifetimes.access_token,
        "longest_access_token_ttl": client.lifetimes.longest_access_token,
        "refresh_token_ttl": client.lifetimes.refresh_token,
        "refresh_grace": client.lifetimes.refresh_grace,
        "secrets": secrets,
    })
}

/// A switch, and what it is about.
fn switch_line(switch: Switch) -> String {
    let about = switch.about();
    format!("{switch}: {} (see {})", about.does, about.discouraged_by)
}

fn lasting_or_endless(seconds: u32) -> String {
    if seconds == 0 { "without end".to_owned() } else { lasting(seconds.into()) }
}

fn secret_line(secret: &shared::client::RegisteredSecret, now: Timestamp) -> String {
    match secret.expires_at {
        None => format!("{} (current)", secret.id),
        Some(end) if end.has_passed(now) => format!("{} (expired)", secret.id),
        Some(end) => format!("{} (works for another {} s)", secret.id, end.since(now).as_secs()),
    }
}

fn words<T: ToString>(words: &[T]) -> String {
    words.iter().map(T::to_string).collect::<Vec<_>>().join(" ")
}

/// What it is, in one word (RFC 6749 §1.1, §2.1).
fn kind(client: &Client) -> &'static str {
    match (client.is_public(), client.resource_server) {
        (true, _) => "public",
        (false, true) => "resource server",
        (false, false) => "confidential",
    }
}

fn yes(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}
