//! The demo client of `serve --demo`.

use std::time::Duration;

use shared::{
    app::App,
    client::{AuthMethod, ClientId, NotRegistrable, Registration, Unchanged},
    secret::{ClientSecret, Id, Secret, random},
};

/// What the demo client is called.
const ID: &str = "demo";
/// How long the secret that an earlier start printed still works.
const OVERLAP: Duration = Duration::from_hours(24);

/// A client to try things with, and its secret.
pub(super) struct Demo {
    secret: Secret<ClientSecret>,
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Registration(#[from] NotRegistrable),
    #[error(transparent)]
    Change(#[from] Unchanged),
    #[error("it has no secret")]
    Public,
}

/// Registers the demo client. If it is there already, from an earlier start, it gets a new secret: the old one is
/// known to nobody but whoever noted it, and works for another day.
pub(super) async fn register(app: &App) -> Result<Demo, Error> {
    let now = app.clock.now();
    let id: ClientId = ID.parse().unwrap_or_else(|_| ClientId::random());
    if let Some((client, _)) = app.clients.read(&id).await.map_err(Unchanged::from)? {
        let secret = Secret::<ClientSecret>::new(Id::random(), &random());
        app.clients.replace_secrets(&client, &client.rotated(&secret, now, OVERLAP)).await?;
        return Ok(Demo { secret });
    }
    let registration = Registration {
        name: "Demo".to_owned(),
        scope: vec!["read".to_owned(), "write".to_owned()],
        auth_methods: vec![AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost],
        ..Registration::default()
    };
    let (client, secret) = registration.accept(id, now)?;
    app.clients.create(&client).await?;
    secret.map(|secret| Demo { secret }).ok_or(Error::Public)
}

impl Demo {
    /// What to paste, line by line.
    pub(super) fn lines(&self, url: &str) -> String {
        let credentials = format!("{ID}:{}", self.secret.expose());
        format!(
            r#"
A demo client is registered. Paste these lines into another terminal:

  AUTH={credentials}
  ANSWER=$(curl -s -u $AUTH -d grant_type=client_credentials {url}/oauth/token); echo "$ANSWER"
  TOKEN=$(echo "$ANSWER" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  curl -s -u $AUTH -d token=$TOKEN {url}/oauth/introspect; echo
  curl -s -u $AUTH -d token=$TOKEN {url}/oauth/revoke; echo
  curl -s -u $AUTH -d token=$TOKEN {url}/oauth/introspect; echo

Everything that is offered, and where:

  curl -s {url}/.well-known/oauth-authorization-server; echo
"#
        )
    }
}
