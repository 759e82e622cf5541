//! DynamoDB, as Jeton uses it: consistent reads by key, and writes that carry their condition.
//!
//! This room knows no OAuth concept. [`schema`] lists all kinds of items; `stored!` declares their attributes.
//!
//! # Design
//! There is no storage trait. The security property *is* the condition expression, and a fake store would not evaluate
//! it: every test runs this code against a real DynamoDB engine.

mod connection;
mod expression;
pub mod id_list;
mod listing;
pub mod schema;
mod stored;
mod table;
mod transaction;

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    types::AttributeValue,
};
use serde::{Deserialize, Serialize};

pub use connection::{client, connect, connect_for_administration, nowhere};
pub use expression::Update;
pub use listing::{Index, Keys};
pub(crate) use stored::stored;
pub use stored::{Field, Stored};
pub use table::{MOST_AT_ONCE, Table, delete_all, get_all, insert_all};
pub use transaction::Transaction;

/// The key attribute of every table.
pub const KEY: &str = "pk";

/// An item as DynamoDB's API represents it.
pub type Item = HashMap<String, AttributeValue>;

/// The reason why an operation failed. The user and the client are not at fault.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// DynamoDB is throttled, down or slow, or refuses this function: the request may be sent again.
    #[error("DynamoDB: {operation} failed: {outage}")]
    Unavailable { operation: &'static str, outage: Outage },
    /// A new item's random id is taken, or other writers kept changing the item: a retry resolves it.
    #[error("DynamoDB: a conflict on {0}")]
    Conflict(&'static str),
    /// This version cannot read the item's format.
    #[error("DynamoDB: an item cannot be read: {0}")]
    Unreadable(#[from] serde_dynamo::Error),
    /// Another version may have written the item.
    #[error("DynamoDB: this version does not know the kind of the items {0:?}")]
    UnknownKind(String),
    #[error("DynamoDB: an expression names the unknown field {0}")]
    UnknownField(String),
}

/// The kind of an outage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Outage {
    #[error("timed out")]
    TimedOut,
    #[error("no connection")]
    NoConnection,
    /// No credentials, no region, or a name that cannot be resolved.
    #[error("could not be sent")]
    NotSent,
    #[error("could not be built: {0}")]
    NotBuilt(String),
    #[error("malformed response")]
    MalformedResponse,
    #[error("ResourceNotFoundException")]
    NoSuchTable,
    /// Every attempt of a batch read left keys unprocessed.
    #[error("keys were left over every time")]
    LeftOver,
    /// Another error, by DynamoDB's code.
    #[error("{0}")]
    Service(String),
    #[error("unknown error")]
    Unknown,
}

/// The outcome of a conditional write.
#[derive(Debug)]
pub enum Outcome<T, There = T> {
    /// An update returns the item as it is now.
    Applied(T),
    /// The condition did not hold for this item. `None`: there is no such item.
    ConditionFailed(Option<There>),
}

/// Reads a stored type from an item that [`get_all`] returned.
pub fn read<T: for<'de> Deserialize<'de>>(item: Option<Item>) -> Result<Option<T>, Error> {
    Ok(item.map(serde_dynamo::from_item).transpose()?)
}

/// Converts a stored type to an item, for [`insert_all`].
pub fn item(value: &impl Serialize) -> Result<Item, Error> {
    Ok(serde_dynamo::to_item(value)?)
}

/// Returns the kind of `item`: the part of its key before `#`.
pub fn kind(item: &Item) -> Option<&str> {
    prefix(item)?.strip_suffix('#')
}

/// Returns the prefix of the key of `item`: its kind and the first `#`.
pub(crate) fn prefix(item: &Item) -> Option<&str> {
    item.get(KEY)?.as_s().ok()?.split_inclusive('#').next()
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// Returns the outage that `error` stands for, without the SDK's message, which may quote the request.
fn unavailable<E: ProvideErrorMetadata, R>(operation: &'static str, error: &SdkError<E, R>) -> Error {
    let outage = match error {
        SdkError::TimeoutError(_) => Outage::TimedOut,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => Outage::TimedOut,
        SdkError::DispatchFailure(failure) if failure.is_io() => Outage::NoConnection,
        SdkError::DispatchFailure(_) => Outage::NotSent,
        SdkError::ConstructionFailure(_) => Outage::NotBuilt(String::from("the request is incomplete")),
        SdkError::ResponseError(_) => Outage::MalformedResponse,
        SdkError::ServiceError(_) => match error.code() {
            Some("ResourceNotFoundException") => Outage::NoSuchTable,
            Some(code) => Outage::Service(code.to_owned()),
            None => Outage::Unknown,
        },
        _ => Outage::Unknown,
    };
    Error::Unavailable { operation, outage }
}

/// Returns the attribute that stores `field` of `T`.
pub(crate) fn attribute_of<T: Stored>(field: &str) -> Result<&'static str, Error> {
    let found = T::FIELDS.iter().find(|known| known.name == field);
    found.map(|known| known.attribute).ok_or_else(|| Error::UnknownField(field.to_owned()))
}
