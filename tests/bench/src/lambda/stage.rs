//! The local server whose tables the functions use, with the clients and users of the cases.

use std::{io, path::Path};

use serde_json::Value;
use shared::openid::Start;
use tokio::process::Command;

use super::{Error, front::Front, kms::Kms};
use crate::{
    browser::{self, Browser, Form},
    growth,
    http::{self, Connection},
    jeton::{Admin, Credentials, PASSWORD},
    process::{LOAD, Process},
};

const REDIRECT_URI: &str = "https://app.example.com/callback";
/// The user whose grants and sessions become many, and one with a grant and a session.
const USER: &str = "ada";
const NEW_USER: &str = "grace";

pub(crate) struct Stage {
    /// It is stopped with the stage.
    _server: Process,
    admin: Admin,
    /// The local server's address, which is the issuer.
    pub(crate) issuer: String,
    pub(crate) server: Connection,
    /// The embedded DynamoDB.
    pub(crate) dynamodb: Connection,
    pub(crate) front: Front,
    /// A browser of each of the two users.
    pub(crate) user: Browser,
    pub(crate) new_user: Browser,
    /// A client for every grant of users.
    pub(crate) web: Credentials,
    /// A client for `client_credentials`.
    pub(crate) machine: Credentials,
    pub(crate) resource_server: Credentials,
    /// The number of clients that have registered themselves.
    registered: u32,
}

impl Stage {
    /// Starts the server, and signs its users in.
    pub(crate) async fn start(jeton: &Path, folder: &Path) -> Result<Self, Error> {
        let mut command = Command::new(jeton);
        command
            .args(["serve", "--memory", "--port", "0", "--dynamodb-port", "0"])
            .env("JETON_SIGNING_KEYS", "local")
            .current_dir(folder);
        let mut server = Process::start_server(LOAD, command)?;
        let (address, dynamodb) = (server.next_address().await?, server.next_address().await?);
        let kms = Kms::new()?;
        let app = growth::app(&format!("http://{dynamodb}")).await?;
        let (list, now) = (app.signing_keys.read().await.map_err(io::Error::other)?, app.clock.now());
        let with_kms = list.with(kms.signing_key(now)?, Start::Now, now);
        app.signing_keys.replace(&list, &with_kms).await.map_err(io::Error::other)?;
        let mut stage = Self {
            _server: server,
            admin: Admin { jeton: jeton.to_owned(), dynamodb },
            server: Connection::open(address).await?,
            dynamodb: Connection::open(dynamodb).await?,
            front: Front::start(dynamodb, kms, folder).await?,
            issuer: format!("http://{address}"),
            user: Browser::default(),
            new_user: Browser::default(),
            web: Credentials::default(),
            machine: Credentials::default(),
            resource_server: Credentials::default(),
            registered: 0,
        };
        stage.register().await?;
        stage.user = stage.sign_in(USER).await?;
        stage.new_user = stage.sign_in(NEW_USER).await?;
        Ok(stage)
    }

    async fn register(&mut self) -> Result<(), Error> {
        let client = async |options: &[&str]| {
            self.admin.create_client(&[&["--name", "bench"], options].concat()).await
        };
        let scopes = ["--scope", "read", "--openid", "--id-token-on-refresh"];
        let web = [&["--redirect-uri", REDIRECT_URI, "--code-ttl", "600"][..], &scopes].concat();
        self.web = client(&web).await?;
        self.machine = client(&["--scope", "read"]).await?;
        self.resource_server = client(&["--resource-server"]).await?;
        for name in [USER, NEW_USER] {
            self.admin.create_user(name).await?;
        }
        Ok(())
    }

    /// Signs a user in, who consents to the requests of `web`, for good, and lets `web` have tokens.
    async fn sign_in(&self, name: &str) -> Result<Browser, Error> {
        let mut browser = Browser::default();
        browser.sign_in(&self.server, name, PASSWORD).await?;
        let page = browser.get(&self.server, &self.authorization("openid profile read")).await?;
        let consent = Form::of(&page, "/oauth/authorize")?;
        let response = browser.submit(&self.server, &consent, &[("decision", "allow")]).await?;
        let code = browser.follow(&self.server, response, REDIRECT_URI).await?;
        self.token(&self.web, &redemption(&code)).await?;
        Ok(browser)
    }

    /// Returns the path and query of an authorization request of `web`.
    pub(crate) fn authorization(&self, scope: &str) -> String {
        let query = browser::authorization(&self.web.id, REDIRECT_URI, scope);
        format!("/oauth/authorize?{query}")
    }

    /// Returns a code of `web`.
    pub(crate) async fn code(&mut self, scope: &str) -> Result<String, Error> {
        let path = self.authorization(scope);
        Ok(self.user.authorize(&self.server, &path, REDIRECT_URI).await?)
    }

    /// Returns the token response for a code of `web`.
    pub(crate) async fn redeemed(&mut self, scope: &str) -> Result<Value, Error> {
        let code = self.code(scope).await?;
        let fields = redemption(&code);
        self.token(&self.web, &fields).await
    }

    /// Returns an access token of `machine`.
    pub(crate) async fn machine_token(&self) -> Result<String, Error> {
        let response = self.token(&self.machine, &[("grant_type", "client_credentials")]).await?;
        text(&response, "access_token")
    }

    /// Returns a name that no client has.
    pub(crate) fn new_client_name(&mut self) -> String {
        self.registered += 1;
        format!("Notes {:06}", self.registered)
    }

    /// Sends a token request to the local server.
    async fn token(&self, client: &Credentials, fields: &[(&str, &str)]) -> Result<Value, Error> {
        let authorization = http::basic(&client.id, &client.secret);
        let call = http::post("/oauth/token", fields, Some(&authorization))?;
        Ok(http::json("the token request", &self.server.send(call).await?)?)
    }

    /// Returns a new browser at the login form, the form, and what the user enters there.
    pub(crate) async fn at_the_login_form(
        &self,
    ) -> Result<(Browser, Form, [(&'static str, &'static str); 2]), Error> {
        let mut browser = Browser::default();
        let login = browser.login_form(&self.server).await?;
        Ok((browser, login, [("username", USER), ("password", PASSWORD)]))
    }
}

/// Returns the fields of a token request for `code`.
pub(crate) fn redemption(code: &str) -> [(&str, &str); 4] {
    browser::redemption(code, REDIRECT_URI)
}

/// Returns a member that is a text.
pub(crate) fn text(value: &Value, member: &str) -> Result<String, Error> {
    let text = value[member].as_str().map(str::to_owned);
    text.ok_or_else(|| Error::unexpected(format!("no {member}: {value}")))
}
