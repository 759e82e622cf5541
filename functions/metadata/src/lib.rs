//! Authorization server metadata (RFC 8414): what is offered, and where.

use lambda_http::http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use shared::{
    app::App,
    client::{AuthMethod, GrantType},
    http::{self, Call, Cors, Request, Response, Route, UnknownIssuer},
};

const ROUTE: Route = Route { methods: "GET", cors: Cors::AnyOrigin };

/// Answers a metadata request.
#[expect(clippy::unused_async, reason = "every endpoint has this form")]
pub async fn handle(app: &App, request: Request) -> Response {
    match Call::open(app, request, ROUTE) {
        Ok(call) => {
            let outcome = answer(&call);
            call.close(outcome)
        }
        Err(response) => response,
    }
}

fn answer(call: &Call<'_>) -> Result<Response, UnknownIssuer> {
    let issuer = call.issuer()?;
    let secrets = &[AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost];
    let metadata = Metadata {
        token_endpoint: issuer.endpoint("/oauth/token"),
        revocation_endpoint: issuer.endpoint("/oauth/revoke"),
        introspection_endpoint: issuer.endpoint("/oauth/introspect"),
        issuer: issuer.to_string(),
        grant_types_supported: &[GrantType::ClientCredentials],
        token_endpoint_auth_methods_supported: secrets,
        revocation_endpoint_auth_methods_supported: AuthMethod::ALL,
        introspection_endpoint_auth_methods_supported: secrets,
    };
    let mut response = http::json(StatusCode::OK, &metadata); // §3.2
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(response)
}

/// RFC 8414 §2. What can be left out is stated all the same where its default would not be true; what would be an
/// empty list is left out (§3.2): without an authorization endpoint there are no response types.
#[derive(Serialize)]
struct Metadata {
    issuer: String,
    token_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    grant_types_supported: &'static [GrantType],
    token_endpoint_auth_methods_supported: &'static [AuthMethod],
    revocation_endpoint_auth_methods_supported: &'static [AuthMethod],
    introspection_endpoint_auth_methods_supported: &'static [AuthMethod],
}
