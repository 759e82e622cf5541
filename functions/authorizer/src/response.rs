//! The authorizer's responses to gateways.
//!
//! # Design
//! An HTTP API takes yes or no, and answers 403 itself. A REST API takes a policy, or the error `Unauthorized`, which
//! it answers with 401. It may cache the policy and apply it to other requests with the same token, so a policy allows
//! addresses one by one, and never has a `*`: to IAM that is any characters, slashes included, so `GET/orders/*` would
//! allow `GET/orders/17/refunds`, too. The allowed addresses are those of every listed route without a parameter that
//! the token's scope satisfies, and that of this very request.
//!
//! A refusal is a policy that denies this request and allows no other, because its context carries the challenge: the
//! gateway would pass a cached challenge to the calls that the policy allows. An API that caches must also have method
//! and path among its identity sources. Then a cached challenge names the scope of the route that it is for.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::{config::RouteScopes, oauth::ResourceUri};

use crate::{arn::Arn, caller::Caller, error::Forbidden, event::Event};

/// The most bytes of addresses in a policy: API Gateway takes 8,192 in all.
const MOST_BYTES: usize = 7_000;

/// The principal of a policy for a request without credentials. The API gets no `sub` then: a client could have this id.
const GUEST: &str = "guest";

/// A response to a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Response {
    /// For an HTTP API.
    Simple(Simple),
    /// For a REST API.
    Policy(Policy),
}

/// An error of the function. A REST API goes by its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A REST API answers this text with 401.
    #[error("Unauthorized")]
    Unauthorized,
    /// An outage of DynamoDB: the gateway answers 500, and the client keeps its token.
    #[error("The authorizer cannot answer right now.")]
    Unavailable,
    /// The event is not one that a gateway sends.
    #[error("The event is not an authorizer's.")]
    MalformedEvent,
}

/// The values that the gateway passes to the API behind it. Every value is text, because a REST API's gateway accepts no
/// other type.
type Context = BTreeMap<&'static str, String>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Simple {
    is_authorized: bool,
    context: Context,
}

/// What the caller may do while the gateway caches the response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    principal_id: String,
    #[serde(rename = "policyDocument")]
    document: Document,
    context: Context,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    version: &'static str,
    statement: [Statement; 1],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    action: &'static str,
    effect: Effect,
    resource: Vec<Arn>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Effect {
    Allow,
    Deny,
}

/// Returns the response to a request without valid credentials.
pub(crate) fn unauthenticated(event: &Event) -> Result<Response, Error> {
    match event {
        Event::Http(_) => Ok(Response::Simple(Simple { is_authorized: false, context: Context::new() })),
        Event::Rest(_) | Event::Token(_) => Err(Error::Unauthorized),
    }
}

/// Returns the response to a request that `caller` may not send to `resource`.
pub(crate) fn forbidden(
    event: &Event,
    caller: &Caller,
    error: &Forbidden,
    resource: Option<&ResourceUri>,
) -> Response {
    let mut context = context_of(caller);
    let challenge = error.challenge(&caller.scope, resource);
    context.extend([("error", error.code().to_owned()), ("challenge", challenge)]);
    match event.method_arn() {
        None => Response::Simple(Simple { is_authorized: false, context }),
        Some(arn) => policy(caller, Effect::Deny, vec![arn.clone()], context),
    }
}

/// Returns the response to a request that `caller` may send.
pub(crate) fn authorized(event: &Event, caller: &Caller, routes: &RouteScopes) -> Response {
    let context = context_of(caller);
    let Some(arn) = event.method_arn() else {
        return Response::Simple(Simple { is_authorized: true, context });
    };
    let others = other_addresses(arn, routes.opened_by(|required| caller.has(required)));
    policy(caller, Effect::Allow, [vec![arn.clone()], others].concat(), context)
}

fn policy(caller: &Caller, effect: Effect, resource: Vec<Arn>, context: Context) -> Response {
    Response::Policy(Policy {
        principal_id: caller.subject.clone().unwrap_or_else(|| GUEST.to_owned()),
        document: Document {
            version: "2012-10-17",
            statement: [Statement { action: "execute-api:Invoke", effect, resource }],
        },
        context,
    })
}

/// Returns the ARNs of the `opened` methods and paths, without `arn` itself: as many as fit into a policy with it.
fn other_addresses(arn: &Arn, opened: impl Iterator<Item = (&'static str, String)>) -> Vec<Arn> {
    // In quotation marks, and with a comma.
    let size = |arn: &Arn| arn.to_string().len() + 3;
    let mut left = MOST_BYTES.saturating_sub(size(arn));
    let others = opened.filter(|(method, path)| (*method, path) != (arn.method.as_str(), &arn.path));
    let fits = |arn: &Arn| match left.checked_sub(size(arn)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    others.map(|(method, path)| arn.with(method, path)).take_while(fits).collect()
}

fn context_of(caller: &Caller) -> Context {
    let values = [
        ("sub", caller.subject.clone()),
        ("client_id", caller.client.as_ref().map(ToString::to_string)),
        ("username", caller.username.clone()),
        ("token_id", caller.token_id.clone()),
        ("scope", Some(caller.scope.to_string())),
        ("aud", caller.audience.as_ref().map(ToString::to_string)),
    ];
    values.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
