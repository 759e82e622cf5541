//! What a gateway asks: the events of HTTP APIs (payload format 2.0) and of REST APIs.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::{
    config::{Route, RouteScopes},
    http::{FormError, Query},
    scope::Scope,
    throttle::Address,
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
    raw_query_string: String,
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
    query_string_parameters: Option<BTreeMap<String, String>>,
    multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
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
    /// Where an HTTP API tells who calls it.
    http: Option<Caller>,
    /// Where a REST API does.
    identity: Option<Caller>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Caller {
    source_ip: Option<String>,
}

impl Event {
    /// The values of the `Authorization` header. An HTTP API joins several by commas, which no token has.
    pub(crate) fn authorization(&self) -> Vec<&str> {
        match self {
            Self::Http(_) | Self::Rest(_) => self.header("authorization"),
            Self::Token(request) => vec![&request.authorization_token],
        }
    }

    /// The parameters in the query, decoded. An authorizer of type `TOKEN` is told none.
    pub(crate) fn query(&self) -> Result<Query, FormError> {
        match self {
            Self::Http(request) => Query::parse(&request.raw_query_string),
            Self::Rest(RestRequest { multi_value_query_string_parameters: Some(all), .. }) => {
                Query::of(all.clone())
            }
            Self::Rest(RestRequest { query_string_parameters: Some(last), .. }) => {
                let single = |(name, value): (&String, &String)| (name.clone(), vec![value.clone()]);
                Query::of(last.iter().map(single).collect())
            }
            Self::Rest(_) | Self::Token(_) => Query::parse(""),
        }
    }

    /// Where the request came from, behind so many proxies of the deployment's own. An authorizer of type `TOKEN` is
    /// not told.
    pub(crate) fn address(&self, trusted_proxies: u8) -> Option<Address> {
        let caller = match self {
            Self::Http(request) => request.request_context.http.as_ref(),
            Self::Rest(request) => request.request_context.identity.as_ref(),
            Self::Token(_) => None,
        };
        let source_ip = caller?.source_ip.as_deref()?;
        Some(Address::seen(source_ip, self.header("x-forwarded-for").first().copied(), trusted_proxies))
    }

    /// The values of the header called `wanted`, in lower case.
    fn header(&self, wanted: &str) -> Vec<&str> {
        fn all<'h, V>(headers: &'h BTreeMap<String, V>, wanted: &str) -> impl Iterator<Item = &'h V> {
            let named = headers.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(wanted));
            named.map(|(_, value)| value)
        }

        match self {
            Self::Http(request) => all(&request.headers, wanted).map(String::as_str).collect(),
            Self::Rest(RestRequest { multi_value_headers: Some(headers), .. }) => {
                all(headers, wanted).flatten().map(String::as_str).collect()
            }
            Self::Rest(RestRequest { headers: Some(headers), .. }) => {
                all(headers, wanted).map(String::as_str).collect()
            }
            Self::Rest(_) | Self::Token(_) => Vec::new(),
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
