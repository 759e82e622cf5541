//! Writes of many items.

use std::{io, mem, path::Path};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, PutRequest, WriteRequest},
};
use dynoxide::{ImportOptions, types::AttributeValue as Value};
use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use shared::{
    config::TableNames,
    dynamodb::Item,
    secret::{AccessToken, Id, Secret},
};

use super::dataset::{self, GRANTS_OF_A_USER, Pair, Plan};

/// Where items are written.
pub(super) enum Sink {
    /// A database file that no server has open.
    File(dynoxide::Database),
    DynamoDb(Client),
}

/// The items that one write has: of a file, and in all concurrent requests to a DynamoDB.
const BATCH: usize = 5_000;
/// The most items of one `BatchWriteItem`.
const MOST_IN_ONE_REQUEST: usize = 25;
/// The concurrent requests.
const CONCURRENT: usize = 16;

impl Sink {
    pub(super) fn file(path: &Path) -> io::Result<Self> {
        let path = path.to_str().ok_or_else(|| io::Error::other("the path is not UTF-8"))?;
        let database = dynoxide::Database::new(path).map_err(io::Error::other)?;
        database.enable_bulk_loading().map_err(io::Error::other)?;
        Ok(Self::File(database))
    }

    async fn write(&self, table: &str, items: Vec<Item>) -> io::Result<()> {
        match self {
            Self::File(database) => {
                let items = items.into_iter().map(embedded).collect::<io::Result<_>>()?;
                let imported = database.import_items(table, items, ImportOptions::default());
                imported.map(drop).map_err(io::Error::other)
            }
            Self::DynamoDb(client) => {
                let chunks: Vec<_> = items.chunks(MOST_IN_ONE_REQUEST).map(<[Item]>::to_vec).collect();
                let writes = stream::iter(chunks).map(|items| write_batch(client, table, items));
                writes.buffer_unordered(CONCURRENT).try_collect().await
            }
        }
    }
}

async fn write_batch(client: &Client, table: &str, items: Vec<Item>) -> io::Result<()> {
    let put = |item| {
        let put = PutRequest::builder().set_item(Some(item)).build().map_err(io::Error::other)?;
        Ok(WriteRequest::builder().put_request(put).build())
    };
    let mut left = items.into_iter().map(put).collect::<io::Result<Vec<_>>>()?;
    while !left.is_empty() {
        #[expect(clippy::disallowed_methods, reason = "the items are new: no condition is needed")]
        let request = client.batch_write_item();
        let response = request.request_items(table, left).send().await.map_err(io::Error::other)?;
        left = response.unprocessed_items.and_then(|mut tables| tables.remove(table)).unwrap_or_default();
    }
    Ok(())
}

/// The embedded database's form of an item.
fn embedded(item: Item) -> io::Result<dynoxide::types::Item> {
    item.into_iter().map(|(name, value)| Ok((name, embedded_value(value)?))).collect()
}

fn embedded_value(value: AttributeValue) -> io::Result<Value> {
    Ok(match value {
        AttributeValue::S(text) => Value::S(text),
        AttributeValue::N(number) => Value::N(number),
        AttributeValue::B(bytes) => Value::B(bytes.into_inner()),
        AttributeValue::Bool(value) => Value::BOOL(value),
        AttributeValue::Ss(all) => Value::SS(all),
        AttributeValue::M(map) => Value::M(embedded(map)?),
        other => return Err(io::Error::other(format!("no item has such an attribute: {other:?}"))),
    })
}

/// A few of the tokens of the seeded grants, from all over the table.
#[derive(Default)]
pub(super) struct Sample {
    /// The number of the client, and the token.
    pub(super) machines: Vec<(usize, Secret<AccessToken>)>,
    /// The number of the application, and the tokens.
    pub(super) pairs: Vec<(usize, Pair)>,
    /// The users with grants.
    pub(super) users: Vec<Id>,
    /// Users without a grant, for the grants that the benchmark adds.
    pub(super) redeemers: Vec<Id>,
}

/// How many users are without a grant.
const REDEEMERS: usize = 10;

/// Collects items, and writes a batch at a time.
pub(super) struct Seeding<'a> {
    sink: &'a Sink,
    tables: &'a TableNames,
    progress: &'a ProgressBar,
    grants: Vec<Item>,
    users: Vec<Item>,
}

impl<'a> Seeding<'a> {
    pub(super) fn new(sink: &'a Sink, tables: &'a TableNames, progress: &'a ProgressBar) -> Self {
        Self { sink, tables, progress, grants: Vec::new(), users: Vec::new() }
    }

    pub(super) async fn grant(&mut self, item: Item) -> io::Result<()> {
        self.grants.push(item);
        self.write_from(BATCH).await
    }

    pub(super) async fn user(&mut self, items: [Item; 3]) -> io::Result<()> {
        self.users.extend(items);
        self.write_from(BATCH).await
    }

    pub(super) async fn finish(mut self) -> io::Result<()> {
        self.write_from(1).await
    }

    /// Writes the items of a table if it has this many.
    async fn write_from(&mut self, least: usize) -> io::Result<()> {
        let tables = [(&self.tables.tokens, &mut self.grants), (&self.tables.users, &mut self.users)];
        for (table, items) in tables {
            if items.len() >= least {
                let count = items.len() as u64;
                self.sink.write(table, mem::take(items)).await?;
                self.progress.inc(count);
            }
        }
        Ok(())
    }
}

/// Writes the users and grants, half of them of clients to themselves. Returns `samples` tokens of each half, or all.
pub(super) async fn grants(
    mut seeding: Seeding<'_>,
    plan: &Plan<'_>,
    grants: usize,
    samples: usize,
) -> io::Result<Sample> {
    let users = grants.div_ceil(2 * GRANTS_OF_A_USER);
    let apart = (users * GRANTS_OF_A_USER / samples.max(1)).max(1);
    let mut sample = Sample::default();
    for user in 0..users {
        let sub = Id::random();
        seeding.user(dataset::user(user, sub, plan.now)?).await?;
        sample.users.push(sub);
        for nth in user * GRANTS_OF_A_USER..(user + 1) * GRANTS_OF_A_USER {
            let (item, token) = plan.machine_grant(nth)?;
            seeding.grant(item).await?;
            let (item, pair) = plan.user_grant(nth, sub)?;
            seeding.grant(item).await?;
            if nth % apart == 0 {
                sample.machines.push((nth, token));
                sample.pairs.push((nth, pair));
            }
        }
    }
    for user in users..users + REDEEMERS {
        let sub = Id::random();
        seeding.user(dataset::user(user, sub, plan.now)?).await?;
        sample.redeemers.push(sub);
    }
    seeding.finish().await?;
    Ok(sample)
}
