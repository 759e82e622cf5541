//! The authorizer, as a gateway calls it before it passes a request to the API behind it.

use std::collections::BTreeMap;

use authorizer::Error;
use serde::Deserialize;
use serde_json::Value;
use shared::endpoint::App;

use super::run_as::run_as;

/// The values that the gateway passes to the API.
pub(super) type Context = BTreeMap<String, String>;

/// A gateway's decision on a request.
pub(super) enum Decision {
    /// The request may pass.
    Allowed(Context),
    /// The caller lacks scope.
    Denied { challenge: String },
    /// The request has no valid credentials.
    Unauthorized,
    /// The authorizer has not answered.
    Unavailable,
}

/// The authorizer's response.
#[derive(Deserialize)]
#[serde(untagged)]
enum Response {
    /// To an HTTP API.
    #[serde(rename_all = "camelCase")]
    Simple { is_authorized: bool, context: Context },
    /// To a REST API.
    #[serde(rename_all = "camelCase")]
    Policy { policy_document: Document, context: Context },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    statement: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: String,
    resource: Vec<String>,
}

impl Decision {
    /// Asks the authorizer about the request of `event`: that of an HTTP API or of a REST API.
    pub(super) async fn on(app: &App, event: &Value) -> Self {
        match run_as("authorizer", authorizer::handle(app, &event.to_string())).await {
            Ok(response) => {
                let response = serde_json::to_value(response).and_then(serde_json::from_value);
                response.map_or(Self::Unavailable, |response| Self::of(response, event))
            }
            Err(Error::Unauthorized) => Self::Unauthorized,
            Err(Error::Unavailable | Error::MalformedEvent) => Self::Unavailable,
        }
    }

    fn of(response: Response, event: &Value) -> Self {
        let (is_allowed, mut context) = match response {
            Response::Simple { is_authorized, context } => (is_authorized, context),
            Response::Policy { policy_document, context } => {
                (policy_document.allows(event["methodArn"].as_str().unwrap_or_default()), context)
            }
        };
        if is_allowed {
            return Self::Allowed(context);
        }
        context.remove("challenge").map_or(Self::Unauthorized, |challenge| Self::Denied { challenge })
    }
}

impl Document {
    fn allows(&self, arn: &str) -> bool {
        let allows =
            |one: &Statement| one.effect == "Allow" && one.resource.iter().any(|resource| resource == arn);
        self.statement.iter().any(allows)
    }
}
