//! The connection of a command: tables, clock, log and output.

use std::io::{self, IsTerminal};

use serde_json::Value;
use shared::{
    audit::{ClientChange, Event, Record, UserChange},
    aws::Endpoint,
    config::Config,
    dynamodb,
    endpoint::App,
    log::Log,
    oauth::{ClientId, is_loopback},
    secret::Id,
    time::{Clock, Timestamp},
};
use url::Url;

use super::{clock::DynamoDbClock, error::Error, output::Output};

pub(super) struct Admin {
    /// Its clock shows the earliest time that it may be at DynamoDB.
    pub(super) app: App,
    clock: DynamoDbClock,
    is_local: bool,
    output: Output,
}

impl Admin {
    /// Connects to the tables at `endpoint_url`, or where the environment says.
    pub(super) async fn connect(endpoint_url: Option<String>, json: bool) -> Result<Self, Error> {
        let config = Config::from_env()?;
        let endpoint = endpoint_url.map(endpoint).transpose()?;
        let is_local = endpoint
            .as_ref()
            .is_some_and(|endpoint| Url::parse(&endpoint.url).is_ok_and(|url| is_loopback(&url)));
        let client = dynamodb::connect_for_administration(endpoint).await?;
        let clock = DynamoDbClock::read(Clock::system(), &client, &config.tables.clients).await?;
        if let Some(warning) = clock.warning() {
            #[expect(clippy::print_stderr, reason = "the command's own message")]
            {
                eprintln!("jeton: {warning}");
            }
        }
        // At a terminal, the output tells the user what was done; a file gets the audit lines.
        let log = if io::stderr().is_terminal() {
            Log::new(config.log_level, io::sink())
        } else {
            Log::new(config.log_level, io::stderr())
        };
        let app = App::new(config, &client, clock.earliest(), log);
        Ok(Self { app, clock, is_local, output: Output::new(json) })
    }

    /// Returns whether the command was given a DynamoDB on this machine.
    pub(super) const fn is_local(&self) -> bool {
        self.is_local
    }

    /// Returns the latest time that it may be at DynamoDB. A command that ends everything ends it until then, and must
    /// [wait](Admin::wait_until_past) for that time before it reports success.
    pub(super) fn latest(&self) -> Timestamp {
        self.clock.latest()
    }

    /// Returns the warning that this machine's clock differs from DynamoDB's, if it does.
    pub(super) fn clock_warning(&self) -> Option<String> {
        self.clock.warning()
    }

    /// Waits until `end` has passed at DynamoDB, so that what begins afterwards is valid: a second at most.
    pub(super) async fn wait_until_past(&self, end: Timestamp) {
        tokio::time::sleep(self.clock.until_past(end)).await;
    }

    pub(super) const fn output(&self) -> Output {
        self.output
    }

    pub(super) fn audit(&self, event: Event<'_>) {
        self.app.log.write(event.level(), &Record::new(self.app.clock.now(), event));
    }

    pub(super) fn audit_client(&self, client: &ClientId, change: ClientChange) {
        self.audit(Event::ClientChanged { client, change });
    }

    pub(super) fn audit_user(&self, user: Id, change: UserChange) {
        self.audit(Event::UserChanged { user, change });
    }

    /// Writes the event that the claims with these names were set.
    pub(super) fn audit_claims(&self, user: Id, claims: &[&'static str]) {
        self.audit(Event::ClaimsSet { user, claims });
    }

    /// Prints `json`, or `text` for people.
    pub(super) fn print(&self, json: &Value, text: &str) -> Result<(), Error> {
        Ok(self.output.print(json, text)?)
    }
}

/// Returns the DynamoDB at `url`. One on this machine accepts any credentials, so it needs none.
fn endpoint(url: String) -> Result<Endpoint, Error> {
    let is_http = |parsed: &Url| ["http", "https"].contains(&parsed.scheme()) && parsed.has_host();
    let Some(parsed) = Url::parse(&url).ok().filter(is_http) else { return Err(Error::EndpointUrl(url)) };
    #[expect(clippy::disallowed_methods, reason = "variables of the AWS tools, read once at start")]
    let has_credentials =
        ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"].iter().any(|name| std::env::var_os(name).is_some());
    Ok(Endpoint { anonymous: is_loopback(&parsed) && !has_credentials, url })
}
