//! The requests that the baseline sends: those of a case, made repeatable.
//!
//! Jeton's writes have conditions, such as that a code waits, which hold once. The baseline sends the same write again and
//! again, with the condition negated: it has the same parts and length, and then always holds.

use serde::Serialize;
use serde_json::Value;

use super::{Error, front::Seen, kms::SIGN};
use crate::http::{self, Connection};

/// A request, as the baseline reads it.
#[derive(Serialize)]
pub(crate) struct Replayed {
    operation: String,
    body: Value,
}

/// The requests of each phase, as the baseline reads them.
#[derive(Serialize)]
pub(crate) struct Phases {
    pub(crate) init: Vec<Replayed>,
    pub(crate) first: Vec<Replayed>,
    pub(crate) warm: Vec<Replayed>,
}

/// The requests until one must have been accepted twice in a row.
const ATTEMPTS: usize = 5;

/// Returns requests like those seen, which the database accepts again and again.
pub(crate) async fn repeatable(dynamodb: &Connection, seen: &[Seen]) -> Result<Vec<Replayed>, Error> {
    let mut replayed = Vec::new();
    for request in seen {
        let mut body = request.body.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.remove("ReturnConsumedCapacity");
            fields.remove("ClientRequestToken");
        }
        // A signature can be repeated as it is.
        if request.operation != SIGN {
            make_repeatable(dynamodb, &request.operation, &mut body).await?;
        }
        replayed.push(Replayed { operation: request.operation.clone(), body });
    }
    Ok(replayed)
}

async fn make_repeatable(dynamodb: &Connection, operation: &str, body: &mut Value) -> Result<(), Error> {
    let (mut accepted, mut last) = (0, Value::Null);
    for _ in 0..ATTEMPTS {
        match send(dynamodb, operation, body).await? {
            Ok(()) => accepted += 1,
            Err(refusal) => {
                accepted = 0;
                negate_refused(body, &refusal);
                last = refusal;
            }
        }
        if accepted == 2 {
            return Ok(());
        }
    }
    Err(Error::unexpected(format!("{operation} cannot be repeated: {last}")))
}

/// Negates the conditions that did not hold.
fn negate_refused(body: &mut Value, refusal: &Value) {
    match body["TransactItems"].as_array_mut() {
        None => negate(body),
        Some(writes) => {
            let reasons = refusal["CancellationReasons"].as_array().map(Vec::as_slice).unwrap_or_default();
            let refused = writes.iter_mut().zip(reasons);
            let refused = refused.filter(|(_, reason)| reason["Code"] == "ConditionalCheckFailed");
            for write in refused.filter_map(|(write, _)| write.as_object_mut()?.values_mut().next()) {
                negate(write);
            }
        }
    }
}

fn negate(write: &mut Value) {
    if let Some(condition) = write["ConditionExpression"].as_str() {
        write["ConditionExpression"] = format!("NOT ({condition})").into();
    }
}

/// Sends a request. Returns the refusal of one that is not accepted.
async fn send(dynamodb: &Connection, operation: &str, body: &Value) -> Result<Result<(), Value>, Error> {
    let response = dynamodb.send(http::dynamodb(operation, body)?).await?;
    let accepted = response.status().is_success();
    Ok(if accepted { Ok(()) } else { Err(serde_json::from_slice(response.body())?) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_refused_condition_of_a_transaction_is_negated() {
        let put = |condition: &str| json!({"Put": {"ConditionExpression": condition}});
        let mut body = json!({"TransactItems": [put("a"), put("b")]});
        let refusal = json!({"CancellationReasons": [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]});
        negate_refused(&mut body, &refusal);
        assert_eq!(body["TransactItems"], json!([put("a"), put("NOT (b)")]));
    }
}
