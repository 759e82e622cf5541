//! The three tables, and every kind of item in them.
//!
//! The key of every table is `pk`, a String; the part before `#` is the item's kind. Each file below (under `shared/src`)
//! declares one kind of item with `stored!`: every field with the name of its attribute. `v` is always
//! the version of the item's format, `ttl` the time in epoch seconds at which DynamoDB may delete the item.
//!
//! `docs/storage.md` shows an item of each kind, and says which functions write and read it, with which switches.
//!
//! # Tokens: everything that expires
//!
//! | `pk` | declared in | item | `ttl` |
//! |---|---|---|---|
//! | `g#ID` | `grants/item.rs` | a [`Grant`](crate::grants::Grant), with its code and tokens | unless it never ends |
//! | `s#ID` | `users/session.rs` | the [`Session`](crate::users::session::Session) of a signed-in browser | yes |
//! | `k#SUB#CLIENT` | `users/consent.rs` | a user's [`Consent`](crate::users::consent::Consent) to a client | yes |
//! | `b#ID` | `users/device_cookie.rs` | a [device cookie](crate::users::device_cookie) | yes |
//! | `l#CHANNEL#KIND#NAME#END` | `users/rate_limit/store.rs` | a [rate limit](crate::users::rate_limit)'s counter: attempts in progress and failed, or registrations, in one window | yes |
//! | `c#CHANNEL#DIGEST` | `users/rate_limit/known_caller.rs` | a [caller](crate::users::rate_limit::known_caller) that has proven an account's password | yes |
//! | `t#ID` | `users/personal.rs` | a [`PersonalToken`](crate::users::personal::PersonalToken) | unless it never ends |
//! | `o#SUB` | `dynamodb/id_list.rs` | the [ids](crate::dynamodb::id_list) of a user's personal tokens | no |
//!
//! The index [`BY_USER`] (hash key `p`, the user; sort key `pk`; keys only) contains the items with the attribute `p`: the
//! grants, sessions and device cookies of users. It serves lists and cleaning up, never a decision. The grant of a client
//! without a user has no `p`: it costs no second write, and a busy client does not overheat a partition of the index.
//!
//! Reserved prefixes, each with a `ttl` of its own: `d#` device codes, `q#` pushed authorization requests, `j#` assertion
//! ids.
//!
//! # Clients
//!
//! | `pk` | declared in | item | `ttl` |
//! |---|---|---|---|
//! | `client#ID` | `clients/client.rs` | a registered [`Client`](crate::clients::Client) | if it registered itself |
//! | `status#ID` | `status/item.rs` | a client's [`Status`](crate::status::Status); a tombstone once the client is deleted | if the client registered itself |
//! | `owned#SUB` | `dynamodb/id_list.rs` | the [ids](crate::dynamodb::id_list) of the clients that a user owns | no |
//! | `resources` | `resources/store.rs` | the [`Registry`](crate::resources::Registry) of protected resources | no |
//! | `keys#` | `openid/keys.rs` | the [list of signing keys](crate::openid::KeyList) | no |
//! | `scope#VALUE` | `clients/description.rs` | the [`Description`](crate::clients::Description) of a scope value for users | no |
//!
//! # Users
//!
//! | `pk` | declared in | item | `ttl` |
//! |---|---|---|---|
//! | `user#SUB` | `users/user.rs` | a [`User`](crate::users::User): login name, hash of the password | no |
//! | `name#NAME` | `users/user.rs` | the `sub` of the user with this login name, in lower case | no |
//! | `claims#SUB` | `openid/claims.rs` | a user's [`Claims`](crate::openid::Claims) | no |
//! | `status#SUB` | `status/item.rs` | a user's [`Status`](crate::status::Status); a tombstone once the user is deleted | no |

use aws_sdk_dynamodb::{
    Client,
    error::{BoxError, SdkError},
    operation::create_table::CreateTableError,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
        ProjectionType, ScalarAttributeType, TimeToLiveSpecification, TimeToLiveStatus,
    },
};

use super::{Index, KEY};
use crate::config::TableNames;

/// The attribute with the time at which DynamoDB may delete an item: a Number of epoch seconds.
pub const TTL: &str = "ttl";
/// The index of users' grants, sessions and device cookies.
pub const BY_USER: Index = Index { name: "by_user", attribute: "p" };

/// Creates the missing tables, for the local server and tests. A deployment's tables come from its template.
pub async fn create(client: &Client, names: &TableNames) -> Result<(), BoxError> {
    for name in [&names.clients, &names.users] {
        let request = client
            .create_table()
            .table_name(name)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute(KEY)?)
            .key_schema(key(KEY, KeyType::Hash)?);
        tolerate_existing(request.send().await.map(drop))?;
    }
    let index = GlobalSecondaryIndex::builder()
        .index_name(BY_USER.name)
        .key_schema(key(BY_USER.attribute, KeyType::Hash)?)
        .key_schema(key(KEY, KeyType::Range)?)
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
    let request = client
        .create_table()
        .table_name(&names.tokens)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute(KEY)?)
        .attribute_definitions(attribute(BY_USER.attribute)?)
        .key_schema(key(KEY, KeyType::Hash)?)
        .global_secondary_indexes(index.build()?);
    tolerate_existing(request.send().await.map(drop))?;
    for name in [&names.clients, &names.tokens] {
        enable_ttl(client, name).await?;
    }
    Ok(())
}

/// Enables the deletion of expired items, unless it is enabled. An existing table may lack it: an earlier version made it,
/// or the response to the request that made it was lost.
async fn enable_ttl(client: &Client, table: &str) -> Result<(), BoxError> {
    let described = client.describe_time_to_live().table_name(table).send().await?;
    let status = described.time_to_live_description.and_then(|description| description.time_to_live_status);
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let ttl = TimeToLiveSpecification::builder().attribute_name(TTL).enabled(true).build()?;
    client.update_time_to_live().table_name(table).time_to_live_specification(ttl).send().await?;
    Ok(())
}

fn tolerate_existing<R: std::fmt::Debug + Send + Sync + 'static>(
    outcome: Result<(), SdkError<CreateTableError, R>>,
) -> Result<(), BoxError> {
    match outcome {
        Ok(()) => Ok(()),
        Err(error)
            if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) =>
        {
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

fn attribute(name: &str) -> Result<AttributeDefinition, BoxError> {
    let kind = ScalarAttributeType::S;
    Ok(AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()?)
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, BoxError> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        fs,
        path::{Path, PathBuf},
    };

    /// Returns all files in `directory` and below.
    fn files(directory: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn the_list_of_items_names_every_file_that_declares_one() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let declares_an_item = |path: &PathBuf| {
            let text = fs::read_to_string(path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            code.contains("stored! {") && code.contains(" = \"pk\",")
        };
        let found: BTreeSet<_> = files(&source).into_iter().filter(declares_an_item).collect();
        let rows = include_str!("schema.rs").lines().filter_map(|line| line.strip_prefix("//! | "));
        let listed: BTreeSet<_> = rows
            .filter_map(|row| row.split('|').nth(1)?.trim().strip_prefix('`')?.strip_suffix('`'))
            .map(|file| source.join(file))
            .collect();
        assert_eq!(found, listed);
    }
}
