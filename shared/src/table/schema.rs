//! The three tables, and every kind of item in them.
//!
//! Every table's key is `pk`, a String. An item's kind is the part of `pk` before `#`. Its attributes are declared in
//! the file named here, under `shared/src`; `v` is always the version of the item's format.
//!
//! | table | `pk` | attributes | what | TTL | written by | read by |
//! |---|---|---|---|---|---|---|
//! | tokens | `g#ID` | `grant/item.rs` | one [`Grant`](crate::grant::Grant), with its code and all its tokens | `ttl` | authorize, token, revoke, account (its end), `jeton` | token, revoke, introspect, authorizer, account, `jeton` |
//! | tokens | `s#ID` | `session.rs` | one signed-in browser's [`Session`](crate::session::Session) | `ttl` | login, authorize and account (its use) | authorize, login, account |
//! | tokens | `k#SUB#ID` | `consent.rs` | what a person agreed to with a client: [`Consent`](crate::consent::Consent) | `ttl` | authorize, account (its end) | authorize |
//! | tokens | `b#ID` | `browser.rs` | a browser that a person has signed in with before ([`browser`](crate::browser)) | `ttl` | login | login |
//! | tokens | `l#CHANNEL#KIND#WHOSE#END` | `throttle/store.rs` | how many attempts at passwords are under way or failed in one window of time ([`throttle`](crate::throttle)) | `ttl` | login, token (`password`), authorizer (`basic-person`), account (`user-expire`) | – |
//! | tokens | `c#CHANNEL#DIGEST` | `throttle/caller.rs` | a caller that has proven an account's password ([`caller`](crate::throttle::caller)) | `ttl` | token (`password`), authorizer (`basic-person`), account (`user-expire`) | the same |
//! | tokens | `t#ID` | `personal.rs` | one [`PersonalToken`](crate::personal::PersonalToken) | `ttl`, unless it lives for ever | account, `jeton`; introspect and authorizer (its last use) | account, introspect, authorizer, `jeton` |
//! | tokens | `o#SUB` | `owned.rs` | the ids of a person's personal tokens ([`owned`](crate::owned)) | – | account, `jeton` | account, `jeton` |
//! | clients | `owned#SUB` | `owned.rs` | the ids of the clients that a person owns ([`owned`](crate::owned)) | – | account, `jeton` | account, `jeton` |
//! | clients | `client#ID` | `client.rs` | one registered [`Client`](crate::client::Client) | – | `jeton`, account | authorize, login, token, revoke, introspect, account, `jeton` |
//! | clients | `status#ID` | `status.rs` | a client's [`Status`](crate::status::Status); a tombstone once it is deleted | – | `jeton`, account | authorize, login, token, revoke, introspect, authorizer, account, `jeton` |
//! | clients | `scope#VALUE` | `description.rs` | what a scope value means to people: [`Description`](crate::description::Description) | – | `jeton` | authorize, `jeton` |
//! | clients | `compat#` | `client/in_use.rs` | which [switches](crate::compat::Switch) clients have, all together | – | `jeton` | metadata, token, authorize |
//! | users | `user#SUB` | `user.rs` | one person, a [`User`](crate::user::User): login name, Argon2id hash | – | `jeton`, login (a better hash) | login, `jeton` |
//! | users | `name#LOGIN` | `user.rs` | the `sub` that a login name, in lower case, belongs to | – | `jeton` | login, `jeton` |
//! | users | `status#SUB` | `status.rs` | a user's [`Status`](crate::status::Status); a tombstone once they are deleted | – | `jeton`, login (signing out everywhere) | authorize, login, token, revoke, introspect, authorizer, account, `jeton` |
//!
//! Revoke reads a grant only as the answer to its own write; token, too, unless that answer got lost.
//!
//! Reserved in tokens, each with its own `ttl`: `d#` device codes, `q#` pushed authorization
//! requests, `j#` assertion ids. No other function may use these prefixes.
//!
//! The index `by_person` of tokens (hash `p`, the person; sort `pk`; keys only) holds what has a `p`: people's
//! grants, sessions and browsers. It is for lists and for cleaning up, never for a decision. A machine's grant has no `p`, so
//! it costs no second write and no busy client overheats a partition of the index.

use aws_sdk_dynamodb::{
    Client,
    error::{BoxError, SdkError},
    operation::create_table::CreateTableError,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
        ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
    },
};

use super::{Index, KEY};
use crate::config::TableNames;

/// The attribute by which DynamoDB deletes items: epoch seconds, a Number.
pub const TTL: &str = "ttl";
/// The index for a person's grants, sessions and browsers.
pub const BY_PERSON: Index = Index { name: "by_person", attribute: "p" };

/// Makes the tables that are not there yet: for the local server and tests. A deployment's come from its template.
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
        .index_name(BY_PERSON.name)
        .key_schema(key(BY_PERSON.attribute, KeyType::Hash)?)
        .key_schema(key(KEY, KeyType::Range)?)
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
    let request = client
        .create_table()
        .table_name(&names.tokens)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute(KEY)?)
        .attribute_definitions(attribute(BY_PERSON.attribute)?)
        .key_schema(key(KEY, KeyType::Hash)?)
        .global_secondary_indexes(index.build()?);
    if tolerate_existing(request.send().await.map(drop))? {
        let ttl = TimeToLiveSpecification::builder().attribute_name(TTL).enabled(true).build()?;
        client.update_time_to_live().table_name(&names.tokens).time_to_live_specification(ttl).send().await?;
    }
    Ok(())
}

/// Whether the table is new.
fn tolerate_existing<R: std::fmt::Debug + Send + Sync + 'static>(
    outcome: Result<(), SdkError<CreateTableError, R>>,
) -> Result<bool, BoxError> {
    match outcome {
        Ok(()) => Ok(true),
        Err(error)
            if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) =>
        {
            Ok(false)
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

    /// All files in `directory` and below.
    fn files(directory: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn the_list_of_items_names_every_file_that_declares_one() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let declares = |path: &PathBuf| {
            if path.ends_with("schema.rs") {
                return false;
            }
            let text = fs::read_to_string(path).unwrap();
            text.contains("#[serde(rename = \"pk\")]\n") || text.contains("//! | `pk` | `")
        };
        let found: BTreeSet<_> = files(&source).into_iter().filter(declares).collect();
        let rows = include_str!("schema.rs").lines().filter_map(|line| line.strip_prefix("//! | "));
        let listed: BTreeSet<_> = rows
            .filter_map(|row| row.split('|').nth(2)?.trim().strip_prefix('`')?.strip_suffix('`'))
            .map(|file| source.join(file))
            .collect();
        assert_eq!(found, listed);
    }
}
