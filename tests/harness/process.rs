//! The real command, in processes of its own.

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

use super::{Answer, Call, Registered};

/// A directory that is gone when the test is over.
pub struct Directory(PathBuf);

impl Directory {
    /// A new one, empty.
    pub fn new() -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(Id::random().to_string());
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// The path of `file` in it.
    pub fn join(&self, file: &str) -> String {
        self.0.join(file).to_str().unwrap().to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The command, with these arguments and nothing of the environment.
pub fn jeton(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
    command.args(arguments).env_clear().kill_on_drop(true).stdin(Stdio::null());
    command
}

/// What the command does with these arguments.
pub async fn run(arguments: &[&str]) -> Output {
    jeton(arguments).output().await.unwrap()
}

/// What the command does with these arguments and this on its standard input.
pub async fn run_with_input(arguments: &[&str], input: &str) -> Output {
    let mut child =
        jeton(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    child.wait_with_output().await.unwrap()
}

/// Holds a command to its exit code and to naming its reason, in one line that is no panic.
#[track_caller]
pub fn fails(output: &Output, code: i32, reason: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{told}");
    assert!(told.contains(reason) && !told.contains("panicked"), "{told}");
    assert!(output.stdout.is_empty());
}

/// A local server.
pub struct Server {
    /// Where the functions answer.
    pub url: String,
    /// Where its DynamoDB answers.
    pub dynamodb_url: String,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    http: reqwest::Client,
}

impl Server {
    /// `jeton serve` with these further arguments, on any ports, once it has said where it listens.
    pub async fn start(arguments: &[&str]) -> Self {
        let arguments = [&["serve", "--port", "0"], arguments].concat();
        let mut child = jeton(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = told(&mut lines, "Jeton listening on ").await;
        let dynamodb_url = told(&mut lines, "DynamoDB listening on ").await;
        Self { url, dynamodb_url, child, lines, http: reqwest::Client::new() }
    }

    /// A server over this file.
    pub async fn over(file: &str) -> Self {
        Self::start(&["--database", file]).await
    }

    /// What `jeton` does with these arguments on this server's tables.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        run(&[&["--endpoint-url", &self.dynamodb_url], arguments].concat()).await
    }

    /// What `jeton --json` prints for these arguments.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["--json"], arguments].concat()).await;
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What `jeton` prints for people.
    pub async fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Registers a client with these further arguments.
    pub async fn register(&self, arguments: &[&str]) -> Registered {
        let told = self.json(&[&["client", "create", "--name", "a service"], arguments].concat()).await;
        let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        Registered { id: text("client_id"), secret: text("client_secret") }
    }

    /// A request to `path`, to be completed and sent.
    pub fn post(&self, path: &str) -> Call {
        Call::new(self.http.post(format!("{}{path}", self.url)))
    }

    /// A request for what is at `path`.
    pub fn get(&self, path: &str) -> Call {
        Call::new(self.http.get(format!("{}{path}", self.url)))
    }

    /// A request for a token of `client`'s own.
    pub fn ask(&self, client: &Registered) -> Call {
        self.post("/oauth/token").basic(client).form(&[("grant_type", "client_credentials")])
    }

    /// What the token endpoint answers to `client`.
    pub async fn ask_for_token(&self, client: &Registered) -> Answer {
        self.ask(client).send().await
    }

    /// An access token of `client`'s own.
    pub async fn token(&self, client: &Registered) -> String {
        let answer = self.ask_for_token(client).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Gives `token` back.
    pub async fn revoke(&self, client: &Registered, token: &str) {
        let answer = self.post("/oauth/revoke").basic(client).form(&[("token", token)]).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// Whether `token` works, as its client is told.
    pub async fn is_active(&self, client: &Registered, token: &str) -> bool {
        let answer = self.post("/oauth/introspect").basic(client).form(&[("token", token)]).send().await;
        answer.json()["active"].as_bool().unwrap()
    }

    /// The rest of what it prints, up to the line that ends it.
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

    /// Asks it to stop, as a service manager does, and waits until it has; the exit code, and what else it printed.
    pub async fn stop(mut self) -> (Option<i32>, String) {
        self.signal("-TERM");
        let (mut rest, mut out) = (String::new(), self.lines.into_inner());
        out.read_to_string(&mut rest).await.unwrap();
        (self.child.wait().await.unwrap().code(), rest)
    }

    /// Kills it in the middle of whatever it does.
    pub fn kill(&self) {
        self.signal("-KILL");
    }

    /// Waits until it is gone.
    pub async fn gone(mut self) {
        self.child.wait().await.unwrap();
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
    }
}

async fn told(lines: &mut Lines<BufReader<ChildStdout>>, before: &str) -> String {
    let line = lines.next_line().await.unwrap().expect("the server says where it listens");
    line.strip_prefix(before).unwrap_or_else(|| panic!("{line}")).to_owned()
}
