//! The demo of `serve --demo`: two clients, a user, and the text that explains them.

pub(super) mod error;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use shared::{
    clients::{self, Registration, description::Description},
    config::{Language, SigningKeys},
    endpoint::{App, UnknownIssuer},
    oauth::{ClientId, ResourceUri},
    openid::{Claim, Claims, InvalidClaim},
    resources::{self, Resource},
    secret::{ClientSecret, Id, Secret, random},
    time::Timestamp,
    users::{self, Password, User, UserName, password},
};

use super::{demo_page, mcp, sample};
use error::Error;

/// The id of the confidential client.
const ID: &str = "demo";
/// The user's login name.
const USER: &str = "ada";
/// How long the secret that an earlier start printed keeps working.
const OVERLAP: Duration = Duration::from_hours(24);

/// What the text about the demo tells.
pub(super) struct Demo {
    /// The URL of the MCP server.
    mcp: ResourceUri,
    secret: Secret<ClientSecret>,
    password: String,
}

/// Returns the demo's value of a variable that the environment does not set.
pub(super) fn variable(name: &str) -> Option<String> {
    let value = match name {
        "JETON_REGISTRATION" => "open",
        "JETON_SIGNING_KEYS" => SigningKeys::LOCAL,
        "JETON_ROUTE_SCOPES" => sample::ROUTE_SCOPES,
        _ => return None,
    };
    Some(value.to_owned())
}

/// Registers the demo clients, the MCP server and the user.
pub(super) async fn register(app: &App) -> Result<Demo, Error> {
    let mcp = register_resource(app).await?;
    demo_page::register(app).await?;
    describe_scope(app).await?;
    Ok(Demo { mcp, secret: register_client(app).await?, password: register_user(app).await? })
}

/// Registers the confidential client. A client from an earlier start gets a new secret, because the old one is not stored
/// in plaintext; the old one works for another day.
async fn register_client(app: &App) -> Result<Secret<ClientSecret>, Error> {
    let now = app.clock.now();
    let id: ClientId = ID.parse().unwrap_or_else(|_| ClientId::random());
    if let Some((client, _)) = app.clients.read(&id).await.map_err(clients::WriteError::from)? {
        let secret = Secret::<ClientSecret>::new(Id::random(), &random());
        app.clients.replace_secrets(&client, &client.rotated(&secret, now, OVERLAP)).await?;
        return Ok(secret);
    }
    let registration = Registration {
        name: "Demo".to_owned(),
        scope: vec!["read".to_owned(), "write".to_owned()],
        ..Registration::default()
    };
    let (client, secret) = registration.accept(id, now)?;
    app.clients.create(&client).await?;
    secret.ok_or(Error::Public)
}

/// Registers the MCP server, unless an earlier start did. That of an earlier start at another port goes: nothing answers
/// there.
async fn register_resource(app: &App) -> Result<ResourceUri, Error> {
    let resource = mcp::resource(app.config.issuer.as_ref().ok_or(UnknownIssuer)?)?;
    let uri = resource.uri.clone();
    let registry = app.resources.read().await.map_err(resources::WriteError::from)?;
    if registry.get(&uri).is_none() {
        let is_earlier = |known: &&Resource| known.name == resource.name && known.uri.path() == uri.path();
        let mut changed = registry.clone();
        for earlier in registry.resources().iter().filter(is_earlier) {
            changed = changed.without(&earlier.uri)?;
        }
        app.resources.replace(&registry, &changed.with(resource)?).await?;
    }
    Ok(uri)
}

/// Describes the demo's scope values.
async fn describe_scope(app: &App) -> Result<(), Error> {
    use Language::{English, French};

    for (value, language, text) in [
        ("read", English, "See what you keep here"),
        ("read", French, "Voir ce que vous conservez ici"),
        ("write", English, "Add to it, and change it"),
        ("write", French, "L’enrichir et le modifier"),
    ] {
        let description = Description::new(value, language, text)?;
        app.descriptions.describe(&description).await.map_err(clients::WriteError::from)?;
    }
    Ok(())
}

/// Creates the user, with claims. A user from an earlier start gets a new password.
async fn register_user(app: &App) -> Result<String, Error> {
    let name: UserName = USER.parse()?;
    let text = URL_SAFE_NO_PAD.encode(random::<9>());
    let hash = password::hash_async(Password::new(text.clone())?).await;
    if let Some((user, _)) = app.users.read_by_name(&name).await.map_err(users::Unchanged::from)? {
        // The user's sessions and grants stay.
        app.users.replace_hash(&user, &hash).await?;
    } else {
        let user = User::new(Id::random(), name, hash, app.clock.now());
        app.users.create_with_claims(&user, Some(&claims(user.sub, user.created_at)?)).await?;
    }
    Ok(text)
}

/// Returns the user's claims.
fn claims(user: Id, now: Timestamp) -> Result<Claims, InvalidClaim> {
    let mut claims = Claims::none(user);
    claims.set(Claim::Name, "Ada Lovelace")?;
    claims.set(Claim::Email, "ada@example.com")?;
    claims.verify_email()?;
    claims.updated_at = Some(now);
    Ok(claims)
}

impl Demo {
    /// Returns the text for the terminal, with command lines to paste.
    pub(super) fn text(&self, url: &str) -> String {
        let Self { mcp, password, .. } = self;
        let credentials = format!("{ID}:{}", self.secret.expose());
        let (api, page) = (sample::PATH, demo_page::PATH);
        format!(
            r#"
The client {ID} is registered. Paste these lines into another terminal:

  AUTH={credentials}
  RESPONSE=$(curl -s -u $AUTH -d grant_type=client_credentials {url}/oauth/token); echo "$RESPONSE"
  TOKEN=$(echo "$RESPONSE" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  curl -s -u $AUTH -d token=$TOKEN {url}/oauth/introspect; echo
  curl -s -H "Authorization: Bearer $TOKEN" {url}{api}; echo
  curl -s -u $AUTH -d token=$TOKEN {url}/oauth/revoke; echo
  curl -s -u $AUTH -d token=$TOKEN {url}/oauth/introspect; echo

Sign in as this user:

  username  {USER}
  password  {password}

Try the whole flow in a browser: {url}{page} (sign in as {USER})

Connect an MCP client, such as Claude Code, to the demo's MCP server; the client opens a browser, where {USER} signs in:

  claude mcp add --transport http demo {mcp}

The server's metadata, with all its endpoints:

  curl -s {url}/.well-known/oauth-authorization-server; echo
  curl -s {url}/.well-known/openid-configuration; echo
"#
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{super::scratch::started, *};

    async fn opens(app: &App, text: &str) -> bool {
        let user = app.users.find_by_name(&USER.parse().unwrap()).await.unwrap().unwrap();
        password::verify_async(Some(&user.password), Password::entered(text).unwrap()).await.matches()
    }

    #[tokio::test]
    async fn a_client_that_an_administrator_changed_is_not_registered_again() {
        let (app, database) = started().await;
        register(&app).await.unwrap();
        let id = demo_page::CLIENT.parse().unwrap();
        app.clients.disable(&id, app.clock.now()).await.unwrap();
        let before = app.clients.read(&id).await.unwrap();
        register(&app).await.unwrap();
        assert!(before.is_some() && app.clients.read(&id).await.unwrap() == before);
        database.stop().await;
    }

    #[tokio::test]
    async fn an_mcp_server_at_another_port_takes_the_place_of_an_earlier_one() {
        let (mut app, database) = started().await;
        let other = Resource { uri: "https://api.example.com/mcp".parse().unwrap(), ..mcp_resource(&app) };
        let registry = app.resources.read().await.unwrap();
        app.resources.replace(&registry, &registry.with(other.clone()).unwrap()).await.unwrap();
        register(&app).await.unwrap();
        app.config.issuer = Some("http://127.0.0.1:1".parse().unwrap());
        let now = register(&app).await.unwrap().mcp;
        let registry = app.resources.read().await.unwrap();
        let uris: Vec<_> = registry.resources().iter().map(|resource| &resource.uri).collect();
        assert_eq!(uris, [&now, &other.uri]);
        database.stop().await;
    }

    fn mcp_resource(app: &App) -> Resource {
        mcp::resource(app.config.issuer.as_ref().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn an_mcp_server_that_an_administrator_changed_is_not_registered_again() {
        let (app, database) = started().await;
        let uri = register(&app).await.unwrap().mcp;
        let registry = app.resources.read().await.unwrap();
        let resource = registry.get(&uri).unwrap().clone();
        assert!(resource.open && resource.clone().checked().is_ok());
        assert_eq!(
            (resource.scope.to_string(), resource.default_scope.to_string()),
            ("read write".to_owned(), "read".to_owned())
        );
        let changed = registry.updated(Resource { open: false, ..resource }).unwrap();
        app.resources.replace(&registry, &changed).await.unwrap();
        register(&app).await.unwrap();
        assert_eq!(app.resources.read().await.unwrap().resources(), changed.resources());
        database.stop().await;
    }

    #[tokio::test]
    async fn a_deleted_demo_client_stays_deleted() {
        let (app, database) = started().await;
        register(&app).await.unwrap();
        app.clients.delete(&ID.parse().unwrap()).await.unwrap();
        let error = register(&app).await.err().map(|error| error.to_string());
        assert!(error.unwrap().contains("give --database another file"));
        database.stop().await;
    }

    #[tokio::test]
    async fn each_start_prints_a_new_password_and_the_previous_one_stops_working() {
        let (app, database) = started().await;
        let first = register(&app).await.unwrap();
        assert!(first.text("http://x").contains(&format!("username  ada\n  password  {}", first.password)));
        assert!(opens(&app, &first.password).await);
        let second = register(&app).await.unwrap();
        assert!(opens(&app, &second.password).await && !opens(&app, &first.password).await);
        assert_eq!(app.users.list().await.unwrap().len(), 1);
        database.stop().await;
    }
}
