//! The client registration endpoint (RFC 7591 §3).

mod error;
mod information;
mod metadata;

use lambda_http::http::StatusCode;
use shared::{
    audit::Event,
    clients::{SelfRegistered, SelfRegistration},
    endpoint::{App, Call, Cors, Route},
    http::{self, Request, Response},
    users::rate_limit::{Counter, RegistrationAdmission},
};

use error::Error;
use information::ClientInformation;

const ROUTE: Route = Route { methods: "POST", cors: Cors::AnyOrigin };

/// Responds to a registration request. The endpoint does not exist unless the deployment lets clients register themselves.
pub async fn handle(app: &App, request: Request) -> Response {
    if !app.config.registration.is_open() {
        return http::not_found();
    }
    Call::serve(app, request, ROUTE, respond).await
}

async fn respond(call: &Call<'_>) -> Result<Response, Error> {
    let registration = metadata::read(&call.request, &call.app.config.registration.schemes)?; // §2, §3.1
    let registered = register(call, &registration).await?; // §3
    let (client, repeated) = (&registered.client.id, registered.repeated);
    call.audit(Event::Registered { client, repeated });
    Ok(http::json(StatusCode::CREATED, &ClientInformation::of(&registered))) // §3.2.1
}

/// Registers the client, unless the limit of its address or of all addresses is reached.
///
/// # Design
/// A network with many addresses can use up the limit of all. Programs register at each start, so those that are registered
/// already are answered all the same: it costs a read, and stores nothing.
async fn register(call: &Call<'_>, registration: &SelfRegistration) -> Result<SelfRegistered, Error> {
    let &Call { app, now, .. } = call;
    let limits = &app.config.registration;
    let (counter, retry_after) = match app.rate_limit.count_registration(call.address(), limits, now).await? {
        RegistrationAdmission::Counted => return Ok(app.clients.register(registration, now).await?),
        RegistrationAdmission::RateLimited { counter, retry_after } => (counter, retry_after),
    };
    let known = match counter {
        Counter::Total => app.clients.registered_before(registration, now).await?,
        _ => None,
    };
    known.ok_or(Error::RateLimited { counter, retry_after })
}
