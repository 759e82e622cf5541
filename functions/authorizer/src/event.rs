//! The events that gateways send their authorizers: those of HTTP APIs (payload format 2.0) and of REST APIs.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::{
    http::{FormError, Query},
    users::rate_limit::Address,
};

use crate::arn::Arn;

/// A request that a gateway asks about. It has no `Debug`, because it holds the token.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Event {
    /// Of an HTTP API, in payload format 2.0.
    Http(HttpRequest),
    /// Of a REST API, for an authorizer of type `REQUEST`; also of an HTTP API in payload format 1.0.
    Rest(RestRequest),
    /// Of a REST API, for an authorizer of type `TOKEN`: the token and the method's ARN, nothing else.
    Token(RestToken),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpRequest {
    pub(crate) route_key: String,
    pub(crate) raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    pub(crate) path_parameters: Option<BTreeMap<String, String>>,
    pub(crate) request_context: RequestContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestRequest {
    pub(crate) method_arn: Arn,
    pub(crate) resource: String,
    pub(crate) path: String,
    pub(crate) path_parameters: Option<BTreeMap<String, String>>,
    pub(crate) http_method: String,
    headers: Option<BTreeMap<String, String>>,
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    query_string_parameters: Option<BTreeMap<String, String>>,
    multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
    pub(crate) request_context: RequestContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestToken {
    pub(crate) method_arn: Arn,
    authorization_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestContext {
    request_id: Option<String>,
    pub(crate) stage: Option<String>,
    pub(crate) domain_name: Option<String>,
    /// In the event of an HTTP API.
    pub(crate) http: Option<Sender>,
    /// In the event of a REST API.
    identity: Option<Sender>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sender {
    source_ip: Option<String>,
    /// The method, in the event of an HTTP API.
    pub(crate) method: Option<String>,
}

impl Event {
    /// Returns the values of the `Authorization` header. An HTTP API joins several by commas, which no token has.
    pub(crate) fn authorization(&self) -> Vec<&str> {
        match self {
            Self::Http(_) | Self::Rest(_) => self.header("authorization"),
            Self::Token(request) => vec![&request.authorization_token],
        }
    }

    /// Returns the parameters in the query, decoded. An authorizer of type `TOKEN` gets none.
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

    /// Returns the address that the request came from, behind `trusted_proxies` proxies of the deployment's own. An
    /// authorizer of type `TOKEN` gets none.
    pub(crate) fn address(&self, trusted_proxies: u8) -> Option<Address> {
        let sender = match self {
            Self::Http(request) => request.request_context.http.as_ref(),
            Self::Rest(request) => request.request_context.identity.as_ref(),
            Self::Token(_) => None,
        };
        let source_ip = sender?.source_ip.as_deref()?;
        Some(Address::seen(source_ip, self.header("x-forwarded-for").first().copied(), trusted_proxies))
    }

    /// Returns the values of the header named `wanted`, which is in lower case.
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

    /// Returns the ARN of the request's method and path, if the gateway is a REST API.
    pub(crate) const fn method_arn(&self) -> Option<&Arn> {
        match self {
            Self::Http(_) => None,
            Self::Rest(request) => Some(&request.method_arn),
            Self::Token(request) => Some(&request.method_arn),
        }
    }

    /// Returns the route, for the log.
    pub(crate) fn route_key(&self) -> String {
        match self {
            Self::Http(request) => request.route_key.clone(),
            Self::Rest(request) => format!("{} {}", request.http_method, request.resource),
            Self::Token(request) => request.method_arn.method.clone(),
        }
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        match self {
            Self::Http(HttpRequest { request_context, .. })
            | Self::Rest(RestRequest { request_context, .. }) => request_context.request_id.as_deref(),
            Self::Token(_) => None,
        }
    }
}
