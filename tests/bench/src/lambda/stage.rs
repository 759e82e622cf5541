//! The local server whose tables the functions use, with the clients and users of the cases.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::Full;
use hyper::{Request, header};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
};

use super::{
    Error,
    browser::{Browser, Form, redirected},
    event::form,
    front::Front,
    http::Connection,
};

/// The verifier of RFC 7636, appendix B, and its challenge.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT_URI: &str = "https://app.example.com/callback";
/// The user whose grants and sessions become many, and one with a grant and a session.
const USER: &str = "ada";
const NEW_USER: &str = "grace";
const PASSWORD: &str = "correct horse battery staple";

/// The credentials of a client.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
}

pub(crate) struct Stage {
    /// It is stopped with the stage.
    _server: Child,
    jeton: PathBuf,
    /// The local server's address, which is the issuer.
    pub(crate) issuer: String,
    pub(crate) server: Connection,
    /// The embedded DynamoDB.
    pub(crate) dynamodb: Connection,
    dynamodb_url: String,
    pub(crate) front: Front,
    /// A browser of each of the two users.
    pub(crate) user: Browser,
    pub(crate) new_user: Browser,
    /// A client for every grant of users.
    pub(crate) web: Client,
    /// A client for `client_credentials`.
    pub(crate) machine: Client,
    pub(crate) resource_server: Client,
    /// The number of clients that have registered themselves.
    registered: u32,
}

impl Stage {
    /// Starts the server, and signs its users in.
    pub(crate) async fn start(jeton: &Path, folder: &Path) -> Result<Self, Error> {
        let mut server = Command::new(jeton)
            .args(["serve", "--memory", "--port", "0"])
            .env("JETON_SIGNING_KEYS", "local")
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.join("jeton.log"))?)
            .kill_on_drop(true)
            .spawn()?;
        let output = server.stdout.take().ok_or_else(|| Error::unexpected("jeton serve has no output"))?;
        let mut lines = BufReader::new(output).lines();
        let issuer = address(lines.next_line().await?, "Jeton listening on ")?;
        let dynamodb_url = address(lines.next_line().await?, "DynamoDB listening on ")?;
        // What it prints later is read, too, so that it never waits.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let dynamodb = socket(&dynamodb_url)?;
        let none = || Client { id: String::new(), secret: String::new() };
        let mut stage = Self {
            _server: server,
            jeton: jeton.to_owned(),
            server: Connection::to(socket(&issuer)?).await?,
            dynamodb: Connection::to(dynamodb).await?,
            front: Front::start(dynamodb, folder).await?,
            issuer,
            dynamodb_url,
            user: Browser::default(),
            new_user: Browser::default(),
            web: none(),
            machine: none(),
            resource_server: none(),
            registered: 0,
        };
        stage.register().await?;
        stage.user = stage.sign_in(USER).await?;
        stage.new_user = stage.sign_in(NEW_USER).await?;
        Ok(stage)
    }

    async fn register(&mut self) -> Result<(), Error> {
        let web = ["--redirect-uri", REDIRECT_URI, "--scope", "read", "--openid", "--code-ttl", "600"];
        self.web = self.client(&web).await?;
        self.machine = self.client(&["--scope", "read"]).await?;
        self.resource_server = self.client(&["--resource-server"]).await?;
        for name in [USER, NEW_USER] {
            self.run(&["user", "create", name, "--password-stdin"], &format!("{PASSWORD}\n")).await?;
        }
        Ok(())
    }

    async fn client(&self, options: &[&str]) -> Result<Client, Error> {
        let command = [&["client", "create", "--name", "bench"], options].concat();
        let created = self.run(&command, "").await?;
        Ok(Client { id: text(&created, "client_id")?, secret: text(&created, "client_secret")? })
    }

    /// Runs the `jeton` command, and returns what it prints.
    async fn run(&self, arguments: &[&str], input: &str) -> Result<Value, Error> {
        let mut command = Command::new(&self.jeton)
            .args(["--json", "--endpoint-url", &self.dynamodb_url])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut standard_input) = command.stdin.take() {
            standard_input.write_all(input.as_bytes()).await?;
        }
        let output = command.wait_with_output().await?;
        if !output.status.success() {
            let problem = String::from_utf8_lossy(&output.stderr);
            return Err(Error::unexpected(format!("jeton {}: {problem}", arguments.join(" "))));
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Signs a user in, who consents to the requests of `web`, for good, and lets `web` have tokens.
    async fn sign_in(&self, name: &str) -> Result<Browser, Error> {
        let mut browser = Browser::default();
        let page = browser.get(&self.server, "/login?again").await?;
        let login = Form::of(&page, "/login")?;
        browser.submit(&self.server, &login, &[("username", name), ("password", PASSWORD)]).await?;
        let page = browser.get(&self.server, &self.authorization("openid profile read")).await?;
        let consent = Form::of(&page, "/oauth/authorize")?;
        let response = browser.submit(&self.server, &consent, &[("decision", "allow")]).await?;
        let code = redirected(&response, "code")?;
        self.token(&self.web, &redemption(&code)).await?;
        Ok(browser)
    }

    /// Returns the path and query of an authorization request of `web`.
    pub(crate) fn authorization(&self, scope: &str) -> String {
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &self.web.id),
            ("redirect_uri", REDIRECT_URI),
            ("scope", scope),
            ("state", "af0ifjsldkj"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        format!("/oauth/authorize?{query}")
    }

    /// Returns a code of `web`.
    pub(crate) async fn code(&mut self, scope: &str) -> Result<String, Error> {
        let path = self.authorization(scope);
        redirected(&self.user.get(&self.server, &path).await?, "code")
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
    async fn token(&self, client: &Client, fields: &[(&str, &str)]) -> Result<Value, Error> {
        let credentials = STANDARD.encode(format!("{}:{}", client.id, client.secret));
        let request = Request::post("/oauth/token")
            .header(header::AUTHORIZATION, format!("Basic {credentials}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form(fields)))?;
        let response = self.server.send(request).await?;
        if !response.status().is_success() {
            return Err(Error::unexpected(String::from_utf8_lossy(response.body())));
        }
        Ok(serde_json::from_slice(response.body())?)
    }

    /// Returns a new browser at the login form, the form, and what the user enters there.
    pub(crate) async fn at_the_login_form(
        &self,
    ) -> Result<(Browser, Form, [(&'static str, &'static str); 2]), Error> {
        let mut browser = Browser::default();
        let page = browser.get(&self.server, "/login?again").await?;
        let login = Form::of(&page, "/login")?;
        Ok((browser, login, [("username", USER), ("password", PASSWORD)]))
    }
}

/// Returns the fields of a token request for `code`.
pub(crate) fn redemption(code: &str) -> [(&str, &str); 4] {
    let grant_type = ("grant_type", "authorization_code");
    [grant_type, ("code", code), ("redirect_uri", REDIRECT_URI), ("code_verifier", VERIFIER)]
}

/// Returns a member that is a text.
pub(crate) fn text(value: &Value, member: &str) -> Result<String, Error> {
    let text = value[member].as_str().map(str::to_owned);
    text.ok_or_else(|| Error::unexpected(format!("no {member}: {value}")))
}

fn address(line: Option<String>, start: &str) -> Result<String, Error> {
    let line = line.unwrap_or_default();
    let address = line.strip_prefix(start).map(str::to_owned);
    address.ok_or_else(|| Error::unexpected(format!("jeton serve did not start: {line}")))
}

fn socket(url: &str) -> Result<SocketAddr, Error> {
    let address = url.strip_prefix("http://").and_then(|address| address.parse().ok());
    address.ok_or_else(|| Error::unexpected(format!("{url} is no address")))
}
