//! The API Gateway Lambda authorizer: decides whether a request to another API may pass (RFC 6750).
//!
//! # Design
//! The event of another API does not tell Jeton's issuer, so the configuration must: the authorizer does not start
//! without an issuer, and refuses tokens of other issuers. Likewise for the resource: an authorizer with one accepts only
//! tokens for it, and an authorizer without one only tokens for none. A refusal is a response whose form depends on the gateway:
//! see `response.rs`. An outage of DynamoDB is not a refusal, which would make a client throw its token away: it is an
//! error, and the gateway answers 500.

mod arn;
mod call;
mod caller;
mod credentials;
mod error;
mod event;
mod path;
mod required_scope;
mod response;

pub use error::{Forbidden, Unauthenticated};
pub use response::{Error, Response};

use shared::{audit, config::RouteScopes, endpoint::App};

use call::Call;
use caller::Caller;
use credentials::Credentials;
use error::CallerError;
use event::Event;

/// Decides on `event`: the JSON that an HTTP API (payload format 2.0) or a REST API sends its authorizer.
pub async fn handle(app: &App, event: &str) -> Result<Response, Error> {
    let now = app.clock.now();
    let Ok(event) = serde_json::from_str::<Event>(event) else {
        call::log_malformed(app, now);
        return Err(Error::MalformedEvent);
    };
    let call = Call { app, event: &event, now };
    let caller = match authenticate(&call).await {
        Ok(caller) => caller,
        Err(CallerError::Unauthenticated(error)) => {
            call.log_refused(error.code(), &error.to_string(), None);
            return response::unauthenticated(&event);
        }
        Err(error @ (CallerError::Table(_) | CallerError::Issuer(_))) => {
            call.log(audit::Event::Unavailable { reason: &error.to_string(), client: None });
            return Err(Error::Unavailable);
        }
    };
    let routes = &app.config.route_scopes;
    if let Err(error) = permit(&caller, &event, routes) {
        call.log_refused(error.code(), &error.to_string(), caller.client.as_ref());
        return Ok(response::forbidden(&event, &caller, &error, app.config.resource.as_ref()));
    }
    Ok(response::authorized(&event, &caller, routes))
}

async fn authenticate(call: &Call<'_>) -> Result<Caller, CallerError> {
    let credentials = Credentials::read(call.event, &call.app.config.compat)?; // §2
    let caller = Caller::authenticate(call, &credentials).await?;
    // RFC 8707 §2: a token for one resource is good for no other. Credentials without a token are for none.
    if caller.audience == call.app.config.resource {
        Ok(caller)
    } else {
        Err(Unauthenticated::OtherResource.into())
    }
}

/// Checks that `caller` has the scope that the request requires.
fn permit(caller: &Caller, event: &Event, routes: &RouteScopes) -> Result<(), Forbidden> {
    let required = required_scope::of(event, routes)?;
    if caller.has(&required) {
        Ok(())
    } else {
        Err(Forbidden::InsufficientScope(required)) // §3.1
    }
}
