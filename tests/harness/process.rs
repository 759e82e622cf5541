//! The `jeton` command in processes of its own.

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use serde_json::Value;
use shared::secret::Id;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use super::{Call, Registered, Response};

/// A temporary directory, deleted at the end of the test.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new() -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(Id::random().to_string());
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Returns the path of `file` in the directory.
    pub fn join(&self, file: &str) -> String {
        self.0.join(file).to_str().unwrap().to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Returns the command with these arguments, without environment variables.
pub fn jeton(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
    command.args(arguments).env_clear().kill_on_drop(true).stdin(Stdio::null());
    command
}

/// Runs the command.
pub async fn run(arguments: &[&str]) -> Output {
    jeton(arguments).output().await.unwrap()
}

/// Runs the command with `input` on its standard input.
pub async fn run_with_input(arguments: &[&str], input: &str) -> Output {
    let mut child =
        jeton(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    child.wait_with_output().await.unwrap()
}

/// Asserts that the command failed with this exit code and a message that contains `reason`.
#[track_caller]
pub fn fails(output: &Output, code: i32, reason: &str) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(message.contains(reason) && !message.contains("panicked"), "{message}");
    assert!(output.stdout.is_empty());
}

/// A local server.
pub struct Server {
    /// The URL of the functions.
    pub url: String,
    pub dynamodb_url: String,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    http: reqwest::Client,
}

impl Server {
    /// Starts `jeton serve` with these arguments, on free ports.
    pub async fn start(arguments: &[&str]) -> Self {
        Self::configured(arguments, &[]).await
    }

    /// Starts `jeton serve` with these arguments and environment variables, on free ports.
    pub async fn configured(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let arguments = [&["serve", "--port", "0"], arguments].concat();
        let mut command = jeton(&arguments);
        command.envs(variables.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = address(&mut lines, "Jeton listening on ").await;
        let dynamodb_url = address(&mut lines, "DynamoDB listening on ").await;
        Self { url, dynamodb_url, child, lines, http: reqwest::Client::new() }
    }

    /// Starts a server with this database file.
    pub async fn over(file: &str) -> Self {
        Self::start(&["--database", file]).await
    }

    /// Runs `jeton` on this server's tables.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        run(&[&["--endpoint-url", &self.dynamodb_url], arguments].concat()).await
    }

    /// Returns the output of `jeton --json`.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["--json"], arguments].concat()).await;
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Returns the output of `jeton` without `--json`.
    pub async fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Registers a client with these arguments.
    pub async fn register(&self, arguments: &[&str]) -> Registered {
        let created = self.json(&[&["client", "create", "--name", "a service"], arguments].concat()).await;
        let text = |name: &str| created[name].as_str().unwrap_or_default().to_owned();
        Registered { id: text("client_id"), secret: text("client_secret") }
    }

    /// Begins a POST request.
    pub fn post(&self, path: &str) -> Call {
        Call::new(self.http.post(format!("{}{path}", self.url)))
    }

    /// Begins a GET request.
    pub fn get(&self, path: &str) -> Call {
        Call::new(self.http.get(format!("{}{path}", self.url)))
    }

    /// Begins a token request of `client` with `client_credentials`.
    pub fn token_request(&self, client: &Registered) -> Call {
        self.post("/oauth/token").basic(client).form(&[("grant_type", "client_credentials")])
    }

    /// Requests a token with `client_credentials`.
    pub async fn request_token(&self, client: &Registered) -> Response {
        self.token_request(client).send().await
    }

    /// Returns an access token of `client`.
    pub async fn token(&self, client: &Registered) -> String {
        let response = self.request_token(client).await;
        assert_eq!(response.status, 200, "{}", response.text);
        response.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Revokes `token`.
    pub async fn revoke(&self, client: &Registered, token: &str) {
        let response = self.post("/oauth/revoke").basic(client).form(&[("token", token)]).send().await;
        assert_eq!(response.status, 200, "{}", response.text);
    }

    /// Returns whether introspection calls `token` active.
    pub async fn is_active(&self, client: &Registered, token: &str) -> bool {
        let response = self.post("/oauth/introspect").basic(client).form(&[("token", token)]).send().await;
        response.json()["active"].as_bool().unwrap()
    }

    /// Reads the rest of the banner.
    pub async fn banner(&mut self) -> String {
        let mut banner = String::new();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            banner.push_str(&line);
            banner.push('\n');
            if line.starts_with("Stop with") {
                return banner;
            }
        }
        panic!("the banner has no end: {banner}")
    }

    /// Stops the server like a service manager. Returns the exit code and the rest of the output.
    pub async fn stop(mut self) -> (Option<i32>, String) {
        self.signal("-TERM");
        let (mut rest, mut out) = (String::new(), self.lines.into_inner());
        out.read_to_string(&mut rest).await.unwrap();
        (self.child.wait().await.unwrap().code(), rest)
    }

    /// Kills the server.
    pub fn kill(&self) {
        self.signal("-KILL");
    }

    /// Waits for the end of the process.
    pub async fn gone(mut self) {
        self.child.wait().await.unwrap();
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
    }
}

async fn address(lines: &mut Lines<BufReader<ChildStdout>>, before: &str) -> String {
    let line = lines.next_line().await.unwrap().expect("the server prints its addresses");
    line.strip_prefix(before).unwrap_or_else(|| panic!("{line}")).to_owned()
}
