//! Authorization server metadata (RFC 8414): what is offered, and where.

use lambda_http::http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use shared::{
    app::App,
    client::{AuthMethod, GrantType},
    compat::Switch,
    http::{self, Call, Cors, Refusal, Request, Response, Route},
};

const ROUTE: Route = Route { methods: "GET", cors: Cors::AnyOrigin };

/// Answers a metadata request.
pub async fn handle(app: &App, request: Request) -> Response {
    match Call::open(app, request, ROUTE) {
        Ok(call) => {
            let outcome = answer(&call).await;
            call.close(outcome)
        }
        Err(response) => response,
    }
}

async fn answer(call: &Call<'_>) -> Result<Response, Refusal> {
    let issuer = call.issuer()?;
    // What only a compatibility switch allows is offered once a client here has that switch.
    let offered = call.app.clients.offered(call.now).await?;
    let is_offered = |grant_type: &GrantType| grant_type.switch().is_none_or(|switch| offered.has(switch));
    let implicit = offered.has(Switch::Implicit);
    let secrets = &[AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost];
    let metadata = Metadata {
        token_endpoint: issuer.endpoint("/oauth/token"),
        revocation_endpoint: issuer.endpoint("/oauth/revoke"),
        introspection_endpoint: issuer.endpoint("/oauth/introspect"),
        issuer: issuer.to_string(),
        authorization_endpoint: issuer.endpoint("/oauth/authorize"),
        response_types_supported: if implicit { &["code", "token"] } else { &["code"] },
        response_modes_supported: &["query", "fragment", "form_post"],
        grant_types_supported: GrantType::ALL.iter().copied().filter(is_offered).collect(),
        code_challenge_methods_supported: &["S256"],
        authorization_response_iss_parameter_supported: true,
        token_endpoint_auth_methods_supported: AuthMethod::ALL,
        revocation_endpoint_auth_methods_supported: AuthMethod::ALL,
        introspection_endpoint_auth_methods_supported: secrets,
    };
    let mut response = http::json(StatusCode::OK, &metadata); // §3.2
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(response)
}

/// RFC 8414 §2. What can be left out is stated all the same where its default would not be true.
#[derive(Serialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    response_types_supported: &'static [&'static str],
    response_modes_supported: &'static [&'static str],
    grant_types_supported: Vec<GrantType>,
    /// RFC 7636 §6.2.
    code_challenge_methods_supported: &'static [&'static str],
    /// RFC 9207 §3.
    authorization_response_iss_parameter_supported: bool,
    token_endpoint_auth_methods_supported: &'static [AuthMethod],
    revocation_endpoint_auth_methods_supported: &'static [AuthMethod],
    introspection_endpoint_auth_methods_supported: &'static [AuthMethod],
}
