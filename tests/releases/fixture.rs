//! The file of a release: its tables, what its clients and users hold, and the responses that they got.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{held::Held, shapes::Shapes};
use crate::{docs::page::root, harness::Stack};

/// The tables, by their headings in docs/storage.md.
pub const TABLES: [&str; 3] = ["Clients table", "Tokens table", "Users table"];

#[derive(Debug, Serialize, Deserialize)]
pub struct Fixture {
    pub release: String,
    /// The last commit that changed the release's programs.
    pub commit: String,
    /// When the scenario ended, in milliseconds since 1970.
    pub at: u64,
    pub held: Held,
    /// The responses, by request, without what is random in them.
    pub answers: Map<String, Value>,
    /// The items of each table, in DynamoDB's JSON.
    pub tables: Map<String, Value>,
}

impl Fixture {
    /// Reads the fixtures of all releases, the oldest first.
    pub fn all() -> Vec<Self> {
        let releases = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
        let files = releases.map(|release| release.join("items.json")).filter(|file| file.exists());
        let read = |file| serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let mut all: Vec<Self> = files.map(read).collect();
        assert!(!all.is_empty(), "no fixture in {}", directory().display());
        all.sort_by_key(Self::version);
        all
    }

    fn version(&self) -> Vec<u64> {
        self.release.split('.').map(|number| number.parse().unwrap()).collect()
    }

    /// Returns what `stack` has in its tables now, as that of this version.
    pub async fn of(stack: &Stack, held: Held) -> Self {
        let mut tables = Map::new();
        for table in TABLES {
            tables.insert(table.to_owned(), scan(stack, table).await);
        }
        Self {
            release: env!("CARGO_PKG_VERSION").to_owned(),
            commit: commit(),
            at: stack.now().millis(),
            held,
            answers: Map::new(),
            tables,
        }
    }

    /// Writes the items into the tables of `stack`, and sets its clock.
    pub async fn load(&self, stack: &Stack) {
        for (table, items) in &self.tables {
            for item in items.as_array().unwrap() {
                let put = json!({ "TableName": name(stack, table), "Item": item });
                perform(stack, "PutItem", &put).await;
            }
        }
        let passed = self.at.checked_sub(stack.now().millis()).expect("it began when every test begins");
        stack.advance(Duration::from_millis(passed));
    }

    /// Returns the kinds, attributes and words of its items.
    pub fn shapes(&self) -> Shapes {
        let mut shapes = Shapes::default();
        for (table, items) in &self.tables {
            for item in items.as_array().unwrap() {
                shapes.add(table, item);
            }
        }
        shapes
    }

    pub fn write(&self) {
        let release = directory().join(&self.release);
        fs::create_dir_all(&release).unwrap();
        let text = serde_json::to_string_pretty(self).unwrap();
        fs::write(release.join("items.json"), text + "\n").unwrap();
    }
}

/// The directory of all fixtures.
fn directory() -> PathBuf {
    root().join("tests/releases")
}

/// Returns the last commit that changed the programs.
fn commit() -> String {
    let programs = ["log", "-1", "--format=%H", "--", "functions", "shared", "Cargo.lock"];
    let output = Command::new("git").args(programs).current_dir(root()).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn name<'a>(stack: &'a Stack, table: &str) -> &'a str {
    let tables = &stack.app.config.tables;
    match table {
        "Clients table" => &tables.clients,
        "Tokens table" => &tables.tokens,
        _ => &tables.users,
    }
}

/// Returns all items of a table, in the order of their keys.
async fn scan(stack: &Stack, table: &str) -> Value {
    let mut page = perform(stack, "Scan", &json!({ "TableName": name(stack, table) })).await;
    assert!(page["LastEvaluatedKey"].is_null(), "{table}: more than a page");
    let items = page["Items"].as_array_mut().unwrap();
    items.sort_by_key(|item| item["pk"]["S"].as_str().unwrap().to_owned());
    page["Items"].take()
}

/// Sends a request to DynamoDB as it is written in JSON.
async fn perform(stack: &Stack, operation: &str, request: &Value) -> Value {
    let signed = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
                  SignedHeaders=host, Signature=0";
    let request = reqwest::Client::new()
        .post(&stack.dynamodb.url)
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-date", "20260101T000000Z")
        .header("authorization", signed)
        .body(request.to_string());
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{operation}");
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}
