//! What a gateway asks: the events of HTTP APIs (payload format 2.0) and of REST APIs.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::{
    config::{Route, RouteScopes, Unlisted},
    http::{FormError, Query},
    scope::Scope,
    throttle::Address,
};

use crate::{
    answer::Arn,
    path::{Prefix, greedy},
    refusal::Forbidden,
};

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
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    path_parameters: Option<BTreeMap<String, String>>,
    request_context: RequestContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestRequest {
    pub(crate) method_arn: Arn,
    resource: String,
    path: String,
    path_parameters: Option<BTreeMap<String, String>>,
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
    stage: Option<String>,
    domain_name: Option<String>,
    /// Where an HTTP API tells who calls it.
    http: Option<Caller>,
    /// Where a REST API does.
    identity: Option<Caller>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Caller {
    source_ip: Option<String>,
    /// The method, where an HTTP API tells it.
    method: Option<String>,
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

    /// The scope that the request needs: that of the gateway's route, and those of its own method and path.
    pub(crate) fn needed_scope(&self, routes: &RouteScopes) -> Result<Scope, Forbidden> {
        match self {
            Self::Http(request) => request.needed_scope(routes),
            Self::Rest(request) => request.needed_scope(routes),
            // It is told no route: what is not listed cannot be told from another spelling of what is.
            Self::Token(RestToken { method_arn: arn, .. }) => {
                if !arn.is_itself() {
                    return Err(Forbidden::Unnameable);
                }
                routes.needed_at(&arn.method, &arn.path, Unlisted::Refused).ok_or(Forbidden::Unlisted)
            }
        }
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

impl HttpRequest {
    fn needed_scope(&self, routes: &RouteScopes) -> Result<Scope, Forbidden> {
        let route: Route = self.route_key.parse().map_err(|_| Forbidden::Unlisted)?;
        let by_route = routes.needed(&route).ok_or(Forbidden::Unlisted)?;
        let context = &self.request_context;
        let method = context.http.as_ref().and_then(|http| http.method.as_deref());
        let method = method.filter(|method| route.takes(method)).ok_or(Forbidden::OtherRoute)?;
        let unlisted = if route == Route::Default { Unlisted::Default } else { Unlisted::Star };
        let prefix = Prefix::before(context.stage.as_deref(), context.domain_name.as_deref());
        let mut needed = by_route.clone();
        let greedy = greedy(&self.route_key, self.path_parameters.as_ref());
        for path in prefix.readings(&self.raw_path, &route, greedy)? {
            needed = needed.with(&routes.needed_at(method, &path, unlisted).ok_or(Forbidden::Unlisted)?);
        }
        Ok(needed)
    }
}

impl RestRequest {
    /// The answer names a path, so the path must lead to the route that the gateway says it takes, and mean itself.
    fn needed_scope(&self, routes: &RouteScopes) -> Result<Scope, Forbidden> {
        let (arn, method) = (&self.method_arn, self.http_method.as_str());
        let route = Route::of_resource(method, &self.resource).ok_or(Forbidden::Unlisted)?;
        if !arn.is_itself() || arn.method != method || !routes.lead(method, &arn.path, &route) {
            return Err(Forbidden::Unnameable);
        }
        let by_route = routes.needed(&route).ok_or(Forbidden::Unlisted)?;
        let by_arn = routes.needed_at(method, &arn.path, Unlisted::Star).ok_or(Forbidden::Unlisted)?;
        let mut needed = by_route.with(&by_arn);
        // What the backend is told. A base path mapping stands before it.
        let greedy = greedy(&self.resource, self.path_parameters.as_ref());
        for path in Prefix::Any.readings(&self.path, &route, greedy)? {
            needed =
                needed.with(&routes.needed_at(method, &path, Unlisted::Star).ok_or(Forbidden::Unlisted)?);
        }
        Ok(needed)
    }
}
