//! The `jeton` command, which creates the clients and users of a local server.

use std::{io, net::SocketAddr, path::PathBuf};

use serde::Deserialize;

use crate::process::run;

/// The password of every user.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// The command, and the DynamoDB of the server.
pub(crate) struct Admin {
    pub(crate) jeton: PathBuf,
    pub(crate) dynamodb: SocketAddr,
}

/// The credentials of a client. A public client has no secret.
#[derive(Default, Deserialize)]
pub(crate) struct Credentials {
    #[serde(rename = "client_id")]
    pub(crate) id: String,
    #[serde(rename = "client_secret", default)]
    pub(crate) secret: String,
}

impl Admin {
    pub(crate) async fn create_client(&self, options: &[&str]) -> io::Result<Credentials> {
        let output = self.run(&[&["client", "create"], options].concat(), "").await?;
        Ok(serde_json::from_slice(&output)?)
    }

    pub(crate) async fn create_user(&self, name: &str) -> io::Result<()> {
        let input = format!("{PASSWORD}\n");
        self.run(&["user", "create", name, "--password-stdin"], &input).await.map(drop)
    }

    async fn run(&self, arguments: &[&str], input: &str) -> io::Result<Vec<u8>> {
        let endpoint = format!("http://{}", self.dynamodb);
        run(&self.jeton, &[&["--json", "--endpoint-url", &endpoint], arguments].concat(), input).await
    }
}
