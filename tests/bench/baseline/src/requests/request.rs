//! Recorded requests, read into those of the SDK.

use std::{cell::OnceCell, collections::HashMap, sync::Arc};

use aws_sdk_dynamodb::{
    Client,
    operation::{
        batch_get_item::builders::BatchGetItemFluentBuilder, get_item::builders::GetItemFluentBuilder,
        put_item::builders::PutItemFluentBuilder, query::builders::QueryFluentBuilder,
        transact_write_items::builders::TransactWriteItemsFluentBuilder,
        update_item::builders::UpdateItemFluentBuilder,
    },
    primitives::Blob,
    types::{
        AttributeValue, ConditionCheck, Delete, KeysAndAttributes, Put, ReturnValue,
        ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_http::Error;
use serde::Deserialize;
use serde_json::Value;
use shared::{
    aws::SdkConfig,
    config::{KeyName, SigningKeys},
    dynamodb,
    openid::Signer,
};
use token::Kms;

/// A request as it was recorded.
#[derive(Deserialize)]
pub(crate) struct Recorded {
    operation: String,
    body: Value,
}

/// The clients of DynamoDB and KMS, which share what those of a function share. That of KMS is made where requests need it.
pub(crate) struct Clients {
    settings: SdkConfig,
    dynamodb: Client,
    kms: OnceCell<Arc<Kms>>,
}

impl Clients {
    pub(crate) fn new(settings: SdkConfig) -> Self {
        Self { dynamodb: dynamodb::client(&settings), settings, kms: OnceCell::new() }
    }

    fn kms(&self) -> Arc<Kms> {
        Arc::clone(self.kms.get_or_init(|| Arc::new(Kms::new(&self.settings))))
    }
}

/// A request of the SDK.
pub(crate) enum Request {
    GetItem(GetItemFluentBuilder),
    BatchGetItem(BatchGetItemFluentBuilder),
    Query(QueryFluentBuilder),
    PutItem(PutItemFluentBuilder),
    UpdateItem(UpdateItemFluentBuilder),
    TransactWriteItems(TransactWriteItemsFluentBuilder),
    Sign(Arc<Kms>, KeyName),
    /// The dry run of a signature.
    WarmUp(Arc<Kms>, SigningKeys),
}

impl Request {
    pub(crate) async fn send(&self) -> Result<(), Error> {
        match self {
            Self::GetItem(request) => drop(request.clone().send().await?),
            Self::BatchGetItem(request) => drop(request.clone().send().await?),
            Self::Query(request) => drop(request.clone().send().await?),
            Self::PutItem(request) => drop(request.clone().send().await?),
            Self::UpdateItem(request) => drop(request.clone().send().await?),
            Self::TransactWriteItems(request) => drop(request.clone().send().await?),
            Self::Sign(kms, key) => drop(kms.sign(key, b"").await?),
            Self::WarmUp(kms, keys) => kms.warm_up(keys).await,
        }
        Ok(())
    }
}

impl Recorded {
    #[expect(clippy::disallowed_methods, reason = "the baseline is the bare client")]
    pub(crate) fn parse(&self, clients: &Clients) -> Result<Request, Error> {
        let (client, fields) = (&clients.dynamodb, Fields(&self.body));
        let key = fields.text("KeyId").unwrap_or_default();
        Ok(match self.operation.as_str() {
            "GetItem" => Request::GetItem(
                client
                    .get_item()
                    .set_table_name(fields.text("TableName"))
                    .set_key(fields.item("Key")?)
                    .set_consistent_read(fields.flag("ConsistentRead")),
            ),
            "BatchGetItem" => {
                Request::BatchGetItem(client.batch_get_item().set_request_items(fields.keys()?))
            }
            "Query" => Request::Query(
                client
                    .query()
                    .set_table_name(fields.text("TableName"))
                    .set_index_name(fields.text("IndexName"))
                    .set_key_condition_expression(fields.text("KeyConditionExpression"))
                    .set_filter_expression(fields.text("FilterExpression"))
                    .set_projection_expression(fields.text("ProjectionExpression"))
                    .set_expression_attribute_names(fields.names())
                    .set_expression_attribute_values(fields.item("ExpressionAttributeValues")?)
                    .set_consistent_read(fields.flag("ConsistentRead"))
                    .set_scan_index_forward(fields.flag("ScanIndexForward"))
                    .set_limit(fields.0["Limit"].as_i64().map(i32::try_from).transpose()?),
            ),
            "PutItem" => Request::PutItem(
                client
                    .put_item()
                    .set_table_name(fields.text("TableName"))
                    .set_item(fields.item("Item")?)
                    .set_condition_expression(fields.text("ConditionExpression"))
                    .set_expression_attribute_names(fields.names())
                    .set_expression_attribute_values(fields.item("ExpressionAttributeValues")?)
                    .set_return_values_on_condition_check_failure(fields.returned_on_failure()),
            ),
            "UpdateItem" => Request::UpdateItem(
                client
                    .update_item()
                    .set_table_name(fields.text("TableName"))
                    .set_key(fields.item("Key")?)
                    .set_update_expression(fields.text("UpdateExpression"))
                    .set_condition_expression(fields.text("ConditionExpression"))
                    .set_expression_attribute_names(fields.names())
                    .set_expression_attribute_values(fields.item("ExpressionAttributeValues")?)
                    .set_return_values(
                        fields.text("ReturnValues").map(|name| ReturnValue::from(name.as_str())),
                    )
                    .set_return_values_on_condition_check_failure(fields.returned_on_failure()),
            ),
            "TransactWriteItems" => {
                let writes = fields.0["TransactItems"].as_array().map(Vec::as_slice).unwrap_or_default();
                let writes = writes.iter().map(write).collect::<Result<_, _>>()?;
                Request::TransactWriteItems(client.transact_write_items().set_transact_items(Some(writes)))
            }
            "Sign" if fields.flag("DryRun") == Some(true) => Request::WarmUp(clients.kms(), key.parse()?),
            "Sign" => Request::Sign(clients.kms(), key.parse()?),
            other => return Err(format!("{other} is no operation that the baseline knows").into()),
        })
    }
}

fn write(write: &Value) -> Result<TransactWriteItem, Error> {
    let (kind, fields) = write.as_object().and_then(|write| write.iter().next()).ok_or("an empty write")?;
    let fields = Fields(fields);
    let writes = TransactWriteItem::builder();
    Ok(match kind.as_str() {
        "Put" => writes.put(
            Put::builder()
                .set_table_name(fields.text("TableName"))
                .set_item(fields.item("Item")?)
                .set_condition_expression(fields.text("ConditionExpression"))
                .set_expression_attribute_names(fields.names())
                .set_expression_attribute_values(fields.item("ExpressionAttributeValues")?)
                .build()?,
        ),
        "Update" => writes.update(
            Update::builder()
                .set_table_name(fields.text("TableName"))
                .set_key(fields.item("Key")?)
                .set_update_expression(fields.text("UpdateExpression"))
                .set_condition_expression(fields.text("ConditionExpression"))
                .set_expression_attribute_names(fields.names())
                .set_expression_attribute_values(fields.item("ExpressionAttributeValues")?)
                .build()?,
        ),
        "ConditionCheck" => writes.condition_check(
            ConditionCheck::builder()
                .set_table_name(fields.text("TableName"))
                .set_key(fields.item("Key")?)
                .set_condition_expression(fields.text("ConditionExpression"))
                .set_expression_attribute_names(fields.names())
                .set_expression_attribute_values(fields.item("ExpressionAttributeValues")?)
                .build()?,
        ),
        "Delete" => writes.delete(
            Delete::builder()
                .set_table_name(fields.text("TableName"))
                .set_key(fields.item("Key")?)
                .set_condition_expression(fields.text("ConditionExpression"))
                .set_expression_attribute_names(fields.names())
                .set_expression_attribute_values(fields.item("ExpressionAttributeValues")?)
                .build()?,
        ),
        other => return Err(format!("{other} is no write of a transaction").into()),
    }
    .build())
}

type Item = HashMap<String, AttributeValue>;

/// The fields of a request in JSON.
struct Fields<'a>(&'a Value);

impl Fields<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.0[name].as_str().map(str::to_owned)
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.0[name].as_bool()
    }

    fn item(&self, name: &str) -> Result<Option<Item>, Error> {
        self.0.get(name).map(item).transpose()
    }

    fn names(&self) -> Option<HashMap<String, String>> {
        let names = self.0["ExpressionAttributeNames"].as_object()?;
        Some(names.iter().map(|(alias, name)| (alias.clone(), text(name))).collect())
    }

    fn returned_on_failure(&self) -> Option<ReturnValuesOnConditionCheckFailure> {
        let name = self.text("ReturnValuesOnConditionCheckFailure")?;
        Some(ReturnValuesOnConditionCheckFailure::from(name.as_str()))
    }

    /// Returns the keys of a batch read, by table.
    fn keys(&self) -> Result<Option<HashMap<String, KeysAndAttributes>>, Error> {
        let Some(tables) = self.0["RequestItems"].as_object() else { return Ok(None) };
        let keys_of = |fields: &Value| {
            let keys = fields["Keys"].as_array().map(Vec::as_slice).unwrap_or_default();
            let keys = keys.iter().map(item).collect::<Result<Vec<_>, Error>>()?;
            let consistent = Fields(fields).flag("ConsistentRead");
            let keys = KeysAndAttributes::builder().set_keys(Some(keys)).set_consistent_read(consistent);
            Ok::<_, Error>(keys.build()?)
        };
        let tables = tables.iter().map(|(table, fields)| Ok((table.clone(), keys_of(fields)?)));
        tables.collect::<Result<_, Error>>().map(Some)
    }
}

fn item(value: &Value) -> Result<Item, Error> {
    let pairs = value.as_object().ok_or("an item is an object")?;
    pairs.iter().map(|(name, value)| Ok((name.clone(), attribute(value)?))).collect()
}

/// Reads an attribute in DynamoDB's JSON, such as `{"S": "text"}`.
fn attribute(value: &Value) -> Result<AttributeValue, Error> {
    let pair = value.as_object().and_then(|value| value.iter().next());
    let (kind, value) = pair.ok_or("an attribute is an object")?;
    let all = || value.as_array().map(Vec::as_slice).unwrap_or_default().iter();
    Ok(match kind.as_str() {
        "S" => AttributeValue::S(text(value)),
        "N" => AttributeValue::N(text(value)),
        "B" => AttributeValue::B(Blob::new(STANDARD.decode(text(value))?)),
        "BOOL" => AttributeValue::Bool(value == &Value::Bool(true)),
        "NULL" => AttributeValue::Null(true),
        "SS" => AttributeValue::Ss(all().map(text).collect()),
        "L" => AttributeValue::L(all().map(attribute).collect::<Result<_, _>>()?),
        "M" => AttributeValue::M(item(value)?),
        other => return Err(format!("{other} is no kind of attribute that the baseline knows").into()),
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
