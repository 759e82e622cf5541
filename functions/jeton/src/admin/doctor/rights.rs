//! The caller's rights, proven by requests that change nothing: reads of an item that does not exist, and writes whose
//! condition cannot hold.

use serde_json::{Value, json};
use shared::{
    dynamodb::{self, Index, Item, KEY, Outage, Outcome, Table, Transaction, Update, schema::BY_USER},
    secret::Id,
};

use super::check::Check;
use crate::admin::connection::Admin;

pub(super) async fn checks(admin: &Admin) -> Vec<Check> {
    let tables = [
        (admin.app.grants.table(), Some(BY_USER)),
        (admin.app.clients.table(), None),
        (admin.app.users.table(), None),
    ];
    let mut checks = Vec::new();
    for (table, index) in tables {
        checks.push(reads(table, index).await);
        checks.push(writes(table).await);
    }
    checks
}

async fn reads(table: &Table, index: Option<Index>) -> Check {
    let about = format!("reading {}", table.name());
    let rights = match index {
        Some(_) => "dynamodb:GetItem, BatchGetItem, Scan and Query",
        None => "dynamodb:GetItem, BatchGetItem and Scan",
    };
    match read(table, index).await {
        Ok(()) => Check::ok(about, format!("allowed: {rights}")),
        Err(error) => failure(about, &error, rights),
    }
}

async fn read(table: &Table, index: Option<Index>) -> Result<(), dynamodb::Error> {
    let key = absent();
    table.get::<Value>(&key).await?;
    dynamodb::get_all(&[(table, key.clone())]).await?;
    table.check_scan().await?;
    if let Some(index) = index {
        table.keys_indexed(&key, index, &key).await?;
    }
    Ok(())
}

async fn writes(table: &Table) -> Check {
    const RIGHTS: &str = "dynamodb:UpdateItem, PutItem and DeleteItem";

    let about = format!("writing {}", table.name());
    match write(table).await {
        Ok(true) => Check::ok(about, format!("allowed: {RIGHTS}")),
        Ok(false) => {
            Check::failure(about, "a write was made whose condition does not hold: this is no DynamoDB")
        }
        Err(error) => failure(about, &error, RIGHTS),
    }
}

/// Sends an update, an insertion and a deletion that cannot be made. Returns whether their conditions stopped them.
async fn write(table: &Table) -> Result<bool, dynamodb::Error> {
    let update = Update::always::<Item>("SET #v = :v").value("v", &json!(1))?;
    let update = table.change::<Value>(&absent(), update).await?;
    // The deletion of an item that does not exist stops the insertion, too.
    let item = dynamodb::item(&json!({ KEY: absent(), "v": 1 }))?;
    let both = Transaction::on(table).delete(&absent())?.insert(item)?.commit().await?;
    Ok(matches!((update, both), (Outcome::ConditionFailed(_), Outcome::ConditionFailed(_))))
}

/// Returns a key that no item has.
fn absent() -> String {
    format!("doctor#{}", Id::random())
}

fn failure(about: String, error: &dynamodb::Error, rights: &str) -> Check {
    match error {
        dynamodb::Error::Unavailable { operation, outage: Outage::Service(code) }
            if code.starts_with("AccessDenied") =>
        {
            Check::failure(
                about,
                format!(
                    "{operation} is refused: give your IAM user or role the rights {rights} on the table and its indexes"
                ),
            )
        }
        error => Check::unavailable(about, error),
    }
}
