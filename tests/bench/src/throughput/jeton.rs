//! The clients and the user of Jeton's local server.

use std::{net::SocketAddr, path::Path, process::Stdio};

use serde::Deserialize;
use tokio::{io::AsyncWriteExt, process::Command};
use url::Url;

use super::{browser::Browser, error::Error, http::Connection, target::Clients};

/// The user's password.
const PASSWORD: &str = "correct horse battery staple";

/// The command's answer to `client create`.
#[derive(Deserialize)]
struct Registered {
    client_id: String,
    #[serde(default)]
    client_secret: String,
}

/// The command, and the DynamoDB of the server.
pub(super) struct Admin<'a> {
    pub(super) jeton: &'a Path,
    pub(super) dynamodb: SocketAddr,
}

impl Admin<'_> {
    /// Registers clients like those of the peers. The public one belongs to the deployment's owner and has an HTTPS redirect
    /// URI, so that users are not asked for consent.
    pub(super) async fn register(&self) -> Result<Clients, Error> {
        let mut clients = Clients::of_peers()?;
        let (scope, redirect_uri) = (clients.scope.as_str(), clients.app.redirect_uri.as_str());
        let service = self.create_client(&["--name", "service", "--scope", scope]).await?;
        let app =
            ["--name", "app", "--scope", scope, "--public", "--first-party", "--redirect-uri", redirect_uri];
        clients.app.id = self.create_client(&app).await?.client_id;
        (clients.service.id, clients.service.secret) = (service.client_id, service.client_secret);
        Ok(clients)
    }

    async fn create_client(&self, options: &[&str]) -> Result<Registered, Error> {
        let output = self.run(&[&["client", "create"], options].concat(), "").await?;
        Ok(serde_json::from_slice(&output)?)
    }

    /// Creates the user, who signs in. Returns the browser.
    pub(super) async fn sign_in(&self, server: SocketAddr, user: &str) -> Result<Browser, Error> {
        self.run(&["user", "create", user, "--password-stdin"], PASSWORD).await?;
        let (mut browser, base) = (Browser::default(), Url::parse(&format!("http://{server}"))?);
        browser.sign_in(&mut Connection::open(server).await?, &base, user, PASSWORD).await?;
        Ok(browser)
    }

    async fn run(&self, arguments: &[&str], input: &str) -> Result<Vec<u8>, Error> {
        let mut command = Command::new(self.jeton);
        command.args(["--json", "--endpoint-url", &format!("http://{}", self.dynamodb)]).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(format!("{input}\n").as_bytes()).await?;
        }
        let output = child.wait_with_output().await?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Error::Command { command: arguments.join(" "), reason })
    }
}
