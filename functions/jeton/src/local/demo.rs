//! The demo clients of `serve --demo`, and a person to sign in as.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use shared::{
    app::App,
    client::{self, ClientId, NotRegistrable, Registration},
    description::{Description, NotDescribable},
    language::Language,
    secret::{ClientSecret, Id, Secret, random},
    user::{self, NoUserName, Password, Unusable, User, UserName, password},
};

use super::{gateway::DEMO_PATH, sample};

/// What the demo client is called.
const ID: &str = "demo";
/// What the application at [`DEMO_PATH`] is called.
const APPLICATION: &str = "demo-app";
/// Who the demo person is.
const PERSON: &str = "ada";
/// How long the secret that an earlier start printed still works.
const OVERLAP: Duration = Duration::from_hours(24);

/// What there is to try things with.
pub(super) struct Demo {
    /// The client's secret.
    secret: Secret<ClientSecret>,
    /// The person's password.
    password: String,
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Registration(#[from] NotRegistrable),
    #[error(transparent)]
    Scope(#[from] NotDescribable),
    #[error("client {0} was deleted, and stays so in this database: give --database another file")]
    Deleted(ClientId),
    #[error(transparent)]
    Client(client::Unchanged),
    #[error("it has no secret")]
    Public,
    #[error(transparent)]
    Name(#[from] NoUserName),
    #[error(transparent)]
    Password(#[from] Unusable),
    #[error(transparent)]
    Person(#[from] user::Unchanged),
}

impl From<client::Unchanged> for Error {
    fn from(error: client::Unchanged) -> Self {
        match error {
            client::Unchanged::Deleted(id) => Self::Deleted(id),
            error => Self::Client(error),
        }
    }
}

/// Registers the demo clients and the person.
pub(super) async fn register(app: &App) -> Result<Demo, Error> {
    register_application(app).await?;
    describe_scope(app).await?;
    Ok(Demo { secret: register_client(app).await?, password: register_person(app).await? })
}

/// Registers the demo client. If it is there already, from an earlier start, it gets a new secret: the old one is
/// known to nobody but whoever noted it, and works for another day.
async fn register_client(app: &App) -> Result<Secret<ClientSecret>, Error> {
    let now = app.clock.now();
    let id: ClientId = ID.parse().unwrap_or_else(|_| ClientId::random());
    if let Some((client, _)) = app.clients.read(&id).await.map_err(client::Unchanged::from)? {
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

/// Registers the application at [`DEMO_PATH`], unless an earlier start did.
async fn register_application(app: &App) -> Result<(), Error> {
    let id: ClientId = APPLICATION.parse().unwrap_or_else(|_| ClientId::random());
    if app.clients.read(&id).await.map_err(client::Unchanged::from)?.is_some() {
        return Ok(());
    }
    let registration = Registration {
        name: "Demo application".to_owned(),
        public: true,
        redirect_uris: vec![format!("http://127.0.0.1{DEMO_PATH}")],
        scope: vec!["read".to_owned(), "write".to_owned()],
        ..Registration::default()
    };
    let (client, _) = registration.accept(id, app.clock.now())?;
    Ok(app.clients.create(&client).await?)
}

/// Says what the demo's scope means, as it was said before if it was.
async fn describe_scope(app: &App) -> Result<(), Error> {
    use Language::{English, French};

    for (value, language, text) in [
        ("read", English, "See what you keep here"),
        ("read", French, "Voir ce que vous conservez ici"),
        ("write", English, "Add to it, and change it"),
        ("write", French, "L’enrichir et le modifier"),
    ] {
        let description = Description::new(value, language, text)?;
        app.descriptions.describe(&description).await.map_err(client::Unchanged::from)?;
    }
    Ok(())
}

/// Registers the person. If they are there already, from an earlier start, they get a new password.
async fn register_person(app: &App) -> Result<String, Error> {
    let name: UserName = PERSON.parse()?;
    let text = URL_SAFE_NO_PAD.encode(random::<9>());
    let hash = password::hash_async(Password::new(text.clone())?).await;
    match app.users.read_by_name(&name).await.map_err(user::Unchanged::from)? {
        // Their sessions and grants go on from one start to the next.
        Some((user, _)) => app.users.replace_hash(&user, &hash).await?,
        None => app.users.create(&User::new(Id::random(), name, hash, app.clock.now())).await?,
    }
    Ok(text)
}

impl Demo {
    /// What to paste, line by line.
    pub(super) fn lines(&self, url: &str) -> String {
        let password = &self.password;
        let credentials = format!("{ID}:{}", self.secret.expose());
        let api = sample::PATH;
        format!(
            r#"
A demo client is registered. Paste these lines into another terminal:

  AUTH={credentials}
  ANSWER=$(curl -s -u $AUTH -d grant_type=client_credentials {url}/oauth/token); echo "$ANSWER"
  TOKEN=$(echo "$ANSWER" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  curl -s -u $AUTH -d token=$TOKEN {url}/oauth/introspect; echo
  curl -s -H "Authorization: Bearer $TOKEN" {url}{api}; echo
  curl -s -u $AUTH -d token=$TOKEN {url}/oauth/revoke; echo
  curl -s -u $AUTH -d token=$TOKEN {url}/oauth/introspect; echo

There is a person, too, to sign in as:

  username  {PERSON}
  password  {password}

Or click through it in a browser: {url}{DEMO_PATH} (sign in as {PERSON})

Everything that is offered, and where:

  curl -s {url}/.well-known/oauth-authorization-server; echo
"#
        )
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        config::Config,
        dynamodb::{self, Endpoint},
        log::{Level, Log},
        table::schema,
        time::Clock,
    };

    use super::{
        super::{Database, Storage, listen},
        *,
    };

    async fn opens(app: &App, text: &str) -> bool {
        let user = app.users.find_by_name(&PERSON.parse().unwrap()).await.unwrap().unwrap();
        password::verify_async(Some(&user.password), Password::typed(text).unwrap()).await.matches
    }

    async fn started() -> (App, Database) {
        let listener = listen(0, "").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let database = Database::start(&Storage::Memory, [listener]).unwrap();
        let config = Config::read(|_| None).unwrap();
        let client = dynamodb::connect(Some(Endpoint { url, anonymous: true })).await.unwrap();
        schema::create(&client, &config.tables).await.unwrap();
        let log = Log::new(Level::Error, std::io::sink());
        (App::new(config, &client, Clock::system(), log), database)
    }

    #[tokio::test]
    async fn the_application_stays_as_an_administrator_changed_it() {
        let (app, database) = started().await;
        register(&app).await.unwrap();
        let id = APPLICATION.parse().unwrap();
        app.clients.disable(&id, app.clock.now()).await.unwrap();
        let before = app.clients.read(&id).await.unwrap();
        register(&app).await.unwrap();
        assert!(before.is_some() && app.clients.read(&id).await.unwrap() == before);
        database.stop().await;
    }

    #[tokio::test]
    async fn a_demo_client_that_was_deleted_stays_so() {
        let (app, database) = started().await;
        register(&app).await.unwrap();
        app.clients.delete(&ID.parse().unwrap()).await.unwrap();
        let refused = register(&app).await.err().map(|error| error.to_string());
        assert!(refused.unwrap().contains("give --database another file"));
        database.stop().await;
    }

    #[tokio::test]
    async fn each_start_prints_a_password_that_works_and_ends_the_one_before() {
        let (app, database) = started().await;
        let first = register(&app).await.unwrap();
        assert!(first.lines("http://x").contains(&format!("username  ada\n  password  {}", first.password)));
        assert!(opens(&app, &first.password).await);
        let second = register(&app).await.unwrap();
        assert!(opens(&app, &second.password).await && !opens(&app, &first.password).await);
        assert_eq!(app.users.list().await.unwrap().len(), 1);
        database.stop().await;
    }
}
