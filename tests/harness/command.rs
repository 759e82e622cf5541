//! The `jeton` command itself, on a test's tables.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use serde_json::Value;

use super::Stack;

/// What a run of the command left behind.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it said beside: messages, and the audit log.
    pub stderr: String,
}

impl Stack {
    /// Runs `jeton --json` with `arguments`, and `input` piped in.
    pub async fn jeton(&self, arguments: &[&str], input: &str) -> Ran {
        let tables = &self.app.config.tables;
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command
            .args(["--json", "--endpoint-url", &self.dynamodb.url])
            .args(arguments)
            .env_clear()
            .env("JETON_TOKENS_TABLE", &tables.tokens)
            .env("JETON_CLIENTS_TABLE", &tables.clients)
            .env("JETON_USERS_TABLE", &tables.users)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let input = input.to_owned();
        // The test's own thread answers for DynamoDB meanwhile.
        let run = move || {
            let mut child = command.spawn().unwrap();
            // Whoever reads nothing has closed it by now.
            let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
            child.wait_with_output().unwrap()
        };
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ran {
    /// What it printed, after it did what it was asked to.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Holds it to having failed like this, and printed nothing.
    #[track_caller]
    pub fn failed(&self, code: i32, message: &str) {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{self:?}");
        assert!(self.stderr.contains(message), "{self:?}");
    }
}
