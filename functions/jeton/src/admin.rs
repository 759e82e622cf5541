//! Administration: reads and writes the tables with the AWS credentials it is run with.
//!
//! There is no administration endpoint to attack: who may administer is IAM's decision.

pub mod client;
mod clock;
mod output;
mod password;
mod personal;
pub mod scope;
mod sweep;
pub mod token;
pub mod user;

use std::io::{self, IsTerminal};

use serde_json::Value;
use shared::{
    app::App,
    audit::{Event, Record},
    client::{self as clients, ClientId, NoClientId, NotRegistrable},
    config::{Config, Invalid, is_loopback},
    dynamodb::{self, Endpoint},
    log::Log,
    secret::Id,
    table,
    time::{Clock, Timestamp},
    user::{self as users, NoUserName},
};
use url::Url;

use clock::DynamoDbClock;
pub use output::Output;

/// What every administrative command works with.
pub struct Admin {
    /// Its clock says the earliest moment that it may be at DynamoDB.
    app: App,
    clock: DynamoDbClock,
    output: Output,
}

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The local server.
    #[error(transparent)]
    Serve(#[from] crate::local::Error),
    /// The environment.
    #[error(transparent)]
    Config(#[from] Invalid),
    /// What was asked for cannot be.
    #[error("{0}")]
    Usage(String),
    /// What was asked for is not there.
    #[error("{0}")]
    NotFound(String),
    /// DynamoDB.
    #[error("{0}{hint}", hint = hint(.0))]
    Table(#[from] table::Error),
    /// DynamoDB, once the change to a client was made.
    #[error(
        "the change is made, but which compatibility switches clients have could not be counted: {0}{hint}; \
         `jeton client update CLIENT_ID`, of any client and with nothing to change, counts them again",
        hint = hint(.0)
    )]
    Uncounted(#[source] table::Error),
    /// Reading or writing on this machine.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Error {
    /// The process's exit code.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Usage(_) | Self::Serve(crate::local::Error::Config(_)) => 2,
            Self::Serve(_) | Self::Table(_) | Self::Uncounted(_) | Self::Io(_) => 1,
            Self::NotFound(_) => 3,
        }
    }
}

/// What may be wrong on this side if DynamoDB fails like this.
fn hint(error: &table::Error) -> &'static str {
    let table::Error::Unavailable { reason, .. } = error else { return "" };
    match reason.as_str() {
        "could not be sent" => {
            "; are AWS credentials and a region set (AWS_PROFILE, AWS_REGION)? \
             For a local server, give --endpoint-url"
        }
        "no connection" => "; does DynamoDB answer at this URL?",
        "ResourceNotFoundException" => {
            "; is this the account and region of the deployment? \
             JETON_TOKENS_TABLE, JETON_CLIENTS_TABLE and JETON_USERS_TABLE name its tables"
        }
        _ => "",
    }
}

impl From<NoClientId> for Error {
    fn from(error: NoClientId) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<NotRegistrable> for Error {
    fn from(error: NotRegistrable) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<NoUserName> for Error {
    fn from(error: NoUserName) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<clients::Unchanged> for Error {
    fn from(error: clients::Unchanged) -> Self {
        use clients::Unchanged as E;
        match error {
            E::Unknown(_) => Self::NotFound(error.to_string()),
            E::Exists(_) | E::Deleted(_) | E::TooMany => Self::Usage(error.to_string()),
            E::Raced(_) => Self::Io(io::Error::other(error.to_string())),
            E::Table(error) => error.into(),
        }
    }
}

impl From<users::Unchanged> for Error {
    fn from(error: users::Unchanged) -> Self {
        use users::Unchanged as E;
        match error {
            E::Unknown(_) => Self::NotFound(error.to_string()),
            E::Exists(_) | E::TooManyRoles(_) => Self::Usage(error.to_string()),
            E::Raced(_) => Self::Io(io::Error::other(error.to_string())),
            E::Table(error) => error.into(),
        }
    }
}

impl Admin {
    /// Connects to the tables: at `endpoint_url`, or where the environment says.
    pub async fn connect(endpoint_url: Option<String>, json: bool) -> Result<Self, Error> {
        let config = Config::from_env()?;
        let endpoint = endpoint_url.map(endpoint).transpose()?;
        let client = dynamodb::connect(endpoint).await?;
        let clock = DynamoDbClock::read(Clock::system(), &client, &config.tables.clients).await?;
        if let Some(message) = clock.message() {
            #[expect(clippy::print_stderr, reason = "the command's own message")]
            {
                eprintln!("jeton: {message}");
            }
        }
        // What was done is written down where it will be kept; a person at a terminal is told in words.
        let log = if io::stderr().is_terminal() {
            Log::new(config.log_level, io::sink())
        } else {
            Log::new(config.log_level, io::stderr())
        };
        let app = App::new(config, &client, clock.earliest(), log);
        Ok(Self { app, clock, output: Output::new(json) })
    }

    /// The latest moment that it may be now: what is ended now is ended until then. Before a command says that it has
    /// ended everything, that moment must have [passed](Admin::passed).
    fn latest(&self) -> Timestamp {
        self.clock.latest()
    }

    /// Waits until what begins now is good, though everything was ended until `end`: a second at most.
    async fn passed(&self, end: Timestamp) {
        tokio::time::sleep(self.clock.until_past(end)).await;
    }

    fn audit(&self, event: Event<'_>) {
        self.app.log.write(event.level(), &Record::new(self.app.clock.now(), event));
    }

    fn client_changed(&self, client: &ClientId, change: &'static str) {
        self.audit(Event::ClientChanged { client, change });
    }

    fn user_changed(&self, person: Id, change: &'static str) {
        self.audit(Event::UserChanged { person, change });
    }

    fn print(&self, json: &Value, human: &str) -> Result<(), Error> {
        Ok(self.output.print(json, human)?)
    }
}

/// The DynamoDB at `url`. One on this machine takes any credentials, so none are needed for it.
fn endpoint(url: String) -> Result<Endpoint, Error> {
    let parsed =
        Url::parse(&url).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    let parsed =
        parsed.ok_or_else(|| Error::Usage(format!("--endpoint-url {url:?} is not an http or https URL")))?;
    #[expect(clippy::disallowed_methods, reason = "variables of the AWS tools, read once at start")]
    let credentials =
        ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"].iter().any(|name| std::env::var_os(name).is_some());
    Ok(Endpoint { anonymous: is_loopback(&parsed) && !credentials, url })
}
