//! What a gateway asks: the events of HTTP APIs (payload format 2.0) and of REST APIs.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::{
    config::{Route, RouteScopes},
    scope::Scope,
};

use crate::{answer::Arn, refusal::Forbidden};

/// A request that a gateway asks about. Not to be printed: it holds the token.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Event {
    /// An HTTP API's, in payload format 2.0.
    Http(HttpRequest),
    /// A REST API's, of type `REQUEST`; also an HTTP API's in payload format 1.0.
    Rest(RestRequest),
    /// A REST API's, of type `TOKEN`: it tells the token and the method's ARN, nothing else.
    Token(RestToken),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpRequest {
    route_key: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    request_context: RequestContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestRequest {
    pub(crate) method_arn: Arn,
    resource: String,
    http_method: String,
    headers: Option<BTreeMap<String, String>>,
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    request_context: RequestContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestToken {
    pub(crate) method_arn: Arn,
    authorization_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    request_id: Option<String>,
}

impl Event {
    /// The values of the `Authorization` header. An HTTP API joins several by commas, which no token has.
    pub(crate) fn authorization(&self) -> Vec<&str> {
        fn all<V>(headers: &BTreeMap<String, V>) -> impl Iterator<Item = &V> {
            let named = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
            named.map(|(_, value)| value)
        }

        match self {
            Self::Http(request) => all(&request.headers).map(String::as_str).collect(),
            Self::Rest(RestRequest { multi_value_headers: Some(headers), .. }) => {
                all(headers).flatten().map(String::as_str).collect()
            }
            Self::Rest(RestRequest { headers: Some(headers), .. }) => {
                all(headers).map(String::as_str).collect()
            }
            Self::Rest(_) => Vec::new(),
            Self::Token(request) => vec![&request.authorization_token],
        }
    }

    /// The scope that the request needs. An answer to a REST API names paths, so the path must lead to the route that
    /// the gateway says it takes, and mean itself.
    pub(crate) fn needed_scope<'r>(&self, routes: &'r RouteScopes) -> Result<&'r Scope, Forbidden> {
        let needed = match self {
            Self::Http(request) => request.route_key.parse().ok().and_then(|route| routes.needed(&route)),
            Self::Rest(RestRequest { method_arn: arn, resource, http_method, .. }) => {
                let route = Route::of_resource(http_method, resource).ok_or(Forbidden::Unlisted)?;
                if !arn.is_itself()
                    || arn.method != *http_method
                    || !routes.lead(http_method, &arn.path, &route)
                {
                    return Err(Forbidden::Unnameable);
                }
                routes.needed(&route)
            }
            Self::Token(RestToken { method_arn: arn, .. }) => {
                if !arn.is_itself() {
                    return Err(Forbidden::Unnameable);
                }
                routes.needed_at(&arn.method, &arn.path)
            }
        };
        needed.ok_or(Forbidden::Unlisted)
    }

    /// The route, as the log has it.
    pub(crate) fn route_key(&self) -> String {
        match self {
            Self::Http(request) => request.route_key.clone(),
            Self::Rest(request) => format!("{} {}", request.http_method, request.resource),
            Self::Token(request) => request.method_arn.method.clone(),
        }
    }

    /// The request's id.
    pub(crate) fn request_id(&self) -> Option<&str> {
        match self {
            Self::Http(HttpRequest { request_context, .. })
            | Self::Rest(RestRequest { request_context, .. }) => request_context.request_id.as_deref(),
            Self::Token(_) => None,
        }
    }
}
