//! What a gateway is answered.
//!
//! # Design
//! An HTTP API takes yes or no, and says no itself: 403. A REST API takes a policy, or the error `Unauthorized`,
//! which is its 401. It may keep the policy and apply it to other requests with the same token, so a policy opens
//! addresses, one by one, and never has a `*`: to IAM that is any characters, slashes among them, so
//! `GET/orders/*` would open `GET/orders/17/refunds`, too. The addresses are those of every listed route without a
//! parameter that the token's scope satisfies, and that of this very request.
//!
//! A refusal is a policy that denies this very request and opens nothing: its context carries the challenge, which
//! would otherwise reach the calls that the policy lets pass while it is kept. An API that caches must therefore have
//! method and path among its identity sources: then a kept challenge names the scope of the route that it is for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use shared::config::RouteScopes;

use crate::{caller::Caller, event::Event, refusal::Forbidden};

/// The most bytes of addresses in a policy: API Gateway takes 8,192 in all.
const MOST_BYTES: usize = 7_000;

/// What a policy calls whoever shows nothing. The API is told no `sub` then: a client could have this very id.
const GUEST: &str = "guest";

/// What a gateway is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// The simple response of an HTTP API.
    Simple(Simple),
    /// A REST API's policy.
    Policy(Policy),
}

/// No answer: an error, whose very text a REST API goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// A REST API answers 401 to this text.
    #[error("Unauthorized")]
    Unauthorized,
    /// DynamoDB was throttled or down. The gateway answers 500, and the token is as good as before.
    #[error("The authorizer cannot answer right now.")]
    Unavailable,
    /// No gateway sends this.
    #[error("The event is not an authorizer's.")]
    NotUnderstood,
}

/// What the API behind the gateway is told. Every value is text, as a REST API wants it.
type Context = BTreeMap<&'static str, String>;

/// Yes or no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Simple {
    is_authorized: bool,
    context: Context,
}

/// What the caller may do, until the gateway asks again.
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
    effect: &'static str,
    resource: Vec<Arn>,
}

impl Statement {
    const fn new(effect: &'static str, resource: Vec<Arn>) -> Self {
        Self { action: "execute-api:Invoke", effect, resource }
    }
}

impl Event {
    /// What to answer if nobody known is asking.
    pub(crate) fn refuse_unknown(&self) -> Result<Answer, NoAnswer> {
        match self {
            Self::Http(_) => Ok(Answer::Simple(Simple { is_authorized: false, context: Context::new() })),
            Self::Rest(_) | Self::Token(_) => Err(NoAnswer::Unauthorized),
        }
    }

    /// What to answer if `caller` is asking, who may pass unless there is a `refusal`.
    pub(crate) fn answer(
        &self,
        caller: &Caller,
        refusal: Option<&Forbidden>,
        routes: &RouteScopes,
    ) -> Answer {
        let mut context = described(caller);
        if let Some(refusal) = refusal {
            context.extend([("error", refusal.error().to_owned()), ("challenge", refusal.challenge())]);
        }
        let asked = match self {
            Self::Http(_) => {
                return Answer::Simple(Simple { is_authorized: refusal.is_none(), context });
            }
            Self::Rest(request) => &request.method_arn,
            Self::Token(request) => &request.method_arn,
        };
        let statement = if refusal.is_some() {
            Statement::new("Deny", vec![asked.clone()])
        } else {
            let others = asked.beside(routes.opened_by(|needed| caller.has(needed)));
            Statement::new("Allow", [vec![asked.clone()], others].concat())
        };
        Answer::Policy(Policy {
            principal_id: caller.subject.clone().unwrap_or_else(|| GUEST.to_owned()),
            document: Document { version: "2012-10-17", statement: [statement] },
            context,
        })
    }
}

fn described(caller: &Caller) -> Context {
    let told = [
        ("sub", caller.subject.clone()),
        ("client_id", caller.client.as_ref().map(ToString::to_string)),
        ("username", caller.username.clone()),
        ("token_id", caller.token_id.clone()),
        ("scope", Some(caller.scope.to_string())),
    ];
    told.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The name of a method and path of a REST API: `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Arn {
    /// All before the method: partition, region, account, API and stage.
    stage: String,
    pub(crate) method: String,
    /// The path, with its first slash.
    pub(crate) path: String,
}

impl Arn {
    /// Whether the name means itself alone. IAM reads `*` and `?` as any characters, and `$` begins its variables.
    pub(crate) fn is_itself(&self) -> bool {
        !self.path.contains(['*', '?', '$'])
    }

    /// The names of these methods and paths of the same stage, but for this one, as many as a policy takes.
    fn beside(&self, opened: impl Iterator<Item = (&'static str, String)>) -> Vec<Self> {
        let mut left = MOST_BYTES;
        let others = opened.filter(|(method, path)| (*method, path) != (self.method.as_str(), &self.path));
        let named =
            others.map(|(method, path)| Self { stage: self.stage.clone(), method: method.to_owned(), path });
        named
            .take_while(|arn| match left.checked_sub(arn.to_string().len() + 3) {
                Some(rest) => {
                    left = rest;
                    true
                }
                None => false,
            })
            .collect()
    }
}

impl TryFrom<String> for Arn {
    type Error = NoAnswer;

    fn try_from(text: String) -> Result<Self, NoAnswer> {
        let mut parts = text.splitn(4, '/');
        let (Some(api), Some(stage), Some(method)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoAnswer::NotUnderstood);
        };
        if !api.starts_with("arn:") {
            return Err(NoAnswer::NotUnderstood);
        }
        Ok(Self {
            stage: format!("{api}/{stage}"),
            method: method.to_owned(),
            path: format!("/{}", parts.next().unwrap_or_default()),
        })
    }
}

impl std::fmt::Display for Arn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}{}", self.stage, self.method, self.path)
    }
}

impl Serialize for Arn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
