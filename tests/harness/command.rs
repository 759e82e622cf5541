//! Runs of the `jeton` command on the tables of a [`Stack`].

use std::{
    io::Write,
    process::{Command, Stdio},
};

use serde_json::Value;
use shared::config::SigningKeys;

use super::{Fault, Stack};

/// The outcome of a run of the command.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    /// Messages, and the audit log.
    pub stderr: String,
}

impl Stack {
    /// Runs `jeton --json` with `arguments`, and `input` piped in.
    pub async fn jeton(&self, arguments: &[&str], input: &str) -> Ran {
        self.run_jeton(&[&["--json"], arguments].concat(), input).await
    }

    /// Runs `jeton` with `arguments`, and returns what it prints for people.
    pub async fn jeton_text(&self, arguments: &[&str]) -> String {
        let ran = self.run_jeton(arguments, "").await;
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.stdout
    }

    /// Runs `jeton --json` with `arguments`, and kills it when it sends the write after the first `made` ones. Returns what
    /// it printed.
    pub async fn kill_jeton_after(&self, made: usize, arguments: &[&str]) -> String {
        self.dynamodb.fail_after(made, Fault::HangWrites);
        let mut child = self.command(&[&["--json"], arguments].concat()).spawn().unwrap();
        self.dynamodb.hangs().await;
        child.kill().unwrap();
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        self.dynamodb.fail(Fault::None);
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `jeton --json` with `arguments`. When the request waits that `hold` holds, the command `other` runs.
    pub async fn jeton_overtaken(&self, arguments: &[&str], hold: Fault, other: &[&str]) -> Ran {
        self.dynamodb.fail(hold);
        let overtaking = async {
            self.dynamodb.hangs().await;
            let ran = self.jeton(other, "").await;
            assert_eq!(ran.code, 0, "{ran:?}");
            self.dynamodb.release();
        };
        tokio::join!(self.jeton(arguments, ""), overtaking).0
    }

    async fn run_jeton(&self, arguments: &[&str], input: &str) -> Ran {
        run(self.command(arguments), input).await
    }

    /// Returns the command with `arguments`.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let tables = &self.app.config.tables;
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command
            .args(["--endpoint-url", &self.dynamodb.url])
            .args(arguments)
            .env_clear()
            .env("JETON_TOKENS_TABLE", &tables.tokens)
            .env("JETON_CLIENTS_TABLE", &tables.clients)
            .env("JETON_USERS_TABLE", &tables.users)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if self.app.config.signing_keys.is_on() {
            command.env("JETON_SIGNING_KEYS", SigningKeys::LOCAL);
        }
        command
    }
}

/// Runs `command` with `input` piped in.
pub async fn run(mut command: Command, input: &str) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let input = input.to_owned();
    // The test's own thread serves DynamoDB meanwhile.
    let run = move || {
        let mut child = command.spawn().unwrap();
        // A command that reads no input may have closed it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Ran {
    /// Returns the output of a successful run.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Asserts that the run failed with this exit code and message, and printed nothing.
    #[track_caller]
    pub fn failed(&self, code: i32, message: &str) {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{self:?}");
        assert!(self.stderr.contains(message), "{self:?}");
    }
}
