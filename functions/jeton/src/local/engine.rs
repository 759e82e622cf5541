//! The embedded DynamoDB engine: answers requests of DynamoDB's JSON protocol in this process.
//!
//! # Design
//! [`Engine`] is an HTTP client of the SDK that has no network. The local server then keeps the SDK of a deployment, with
//! its retries and interceptors, and none of its requests passes a socket. The port for tools answers by the same
//! [`Engine::respond`]. It runs on the thread of the request: an operation on one item takes less time than the way to another
//! thread and back.

use std::{fmt, fs::File, io, sync::Arc};

use aws_sdk_dynamodb::{
    Client,
    config::{
        HttpClient, RuntimeComponents,
        http::{HttpRequest, HttpResponse},
    },
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    result::ConnectorError,
};
use axum::http::{HeaderValue, Response, StatusCode, header};
use dynoxide::{Database, DynoxideError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use shared::{
    aws::{self, Endpoint},
    dynamodb,
};

/// The header that names the operation of a request, such as `DynamoDB_20120810.GetItem`.
pub const TARGET: &str = "x-amz-target";
/// DynamoDB's version, which the header has before the operation.
const VERSION: &str = "DynamoDB_20120810.";

/// Returns a client of DynamoDB with the settings of a function, whose requests `http` answers.
pub async fn connect(http: impl HttpClient + 'static) -> io::Result<Client> {
    let local = Endpoint { url: "http://localhost".to_owned(), anonymous: true };
    let settings = aws::settings(Some(local)).await?.into_builder().http_client(http).build();
    Ok(dynamodb::client(&settings))
}

/// The engine of a database.
#[derive(Clone)]
pub struct Engine {
    database: Database,
    /// Locked as long as a client may use the file, so that no second server opens it.
    _lock: Option<Arc<File>>,
}

impl Engine {
    pub(super) fn new(database: Database, lock: Option<File>) -> Self {
        Self { database, _lock: lock.map(Arc::new) }
    }

    /// Answers the request with this `x-amz-target` header and body.
    pub fn respond(&self, target: &str, body: &[u8]) -> Response<String> {
        let operation = target.strip_prefix(VERSION).unwrap_or_default();
        let (status, body) = match self.run(operation, body) {
            Ok(Some(response)) => (StatusCode::OK, response),
            Ok(None) => (StatusCode::BAD_REQUEST, unknown(operation)),
            Err(error) => (
                StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                error.to_json(),
            ),
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/x-amz-json-1.0");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }

    /// Runs `operation` with the request in `body`, and returns the response. `None`: the operation is unknown. Streams and
    /// vector indexes are not served.
    fn run(&self, operation: &str, body: &[u8]) -> Result<Option<String>, DynoxideError> {
        let Self { database, .. } = self;
        let response = match operation {
            "BatchExecuteStatement" => call(body, |request| database.batch_execute_statement(request)),
            "BatchGetItem" => call(body, |request| database.batch_get_item(request)),
            "BatchWriteItem" => call(body, |request| database.batch_write_item(request)),
            "CreateTable" => call(body, |request| database.create_table(request)),
            "DeleteItem" => call(body, |request| database.delete_item(request)),
            "DeleteTable" => call(body, |request| database.delete_table(request)),
            "DescribeTable" => call(body, |request| database.describe_table(request)),
            "DescribeTimeToLive" => call(body, |request| database.describe_time_to_live(request)),
            "ExecuteStatement" => call(body, |request| database.execute_statement(request)),
            "ExecuteTransaction" => call(body, |request| database.execute_transaction(request)),
            "GetItem" => call(body, |request| database.get_item(request)),
            "ListTables" => call(body, |request| database.list_tables(request)),
            "ListTagsOfResource" => call(body, |request| database.list_tags_of_resource(request)),
            "PutItem" => call(body, |request| database.put_item(request)),
            "Query" => call(body, |request| database.query(request)),
            "Scan" => call(body, |request| database.scan(request)),
            "TagResource" => call(body, |request| database.tag_resource(request)),
            "TransactGetItems" => call(body, |request| database.transact_get_items(request)),
            "TransactWriteItems" => call(body, |request| database.transact_write_items(request)),
            "UntagResource" => call(body, |request| database.untag_resource(request)),
            "UpdateItem" => call(body, |request| database.update_item(request)),
            "UpdateTable" => call(body, |request| database.update_table(request)),
            "UpdateTimeToLive" => call(body, |request| database.update_time_to_live(request)),
            _ => return Ok(None),
        };
        response.map(Some)
    }
}

/// Calls `operation` with the request in `body`.
fn call<I: DeserializeOwned, O: Serialize>(
    body: &[u8],
    operation: impl FnOnce(I) -> Result<O, DynoxideError>,
) -> Result<String, DynoxideError> {
    let request = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    let response = operation(request)?;
    serde_json::to_string(&response).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// Returns the error of a request that cannot be read. The engine's own messages begin with a mark for its HTTP server.
fn unreadable(error: &serde_json::Error) -> DynoxideError {
    let message = error.to_string();
    match message.split_once(':') {
        Some(("VALIDATION" | "VALIDATION_REQUEST" | "VALIDATION_AS_READ", message)) => {
            DynoxideError::ValidationException(message.to_owned())
        }
        Some(("SERIALIZATION" | "SERIALIZATION_AS_READ", message)) => {
            DynoxideError::SerializationException(message.to_owned())
        }
        _ if error.is_data() => DynoxideError::ValidationException(message),
        _ => DynoxideError::SerializationException(message),
    }
}

fn unknown(operation: &str) -> String {
    let kind = "com.amazon.coral.service#UnknownOperationException";
    let message = format!("the local DynamoDB has no operation {operation:?}");
    json!({ "__type": kind, "message": message }).to_string()
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl HttpConnector for Engine {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get(TARGET).unwrap_or_default();
        let response = self.respond(target, request.body().bytes().unwrap_or_default());
        let response = HttpResponse::try_from(response.map(Into::into));
        HttpConnectorFuture::ready(response.map_err(|error| ConnectorError::user(error.into())))
    }
}

impl HttpClient for Engine {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

#[cfg(test)]
mod tests;
