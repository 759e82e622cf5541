//! Authorization server metadata (RFC 8414).

use lambda_http::http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use shared::{
    endpoint::{App, Call, Cors, Route},
    http::{self, OAuthError, Request, Response},
    oauth::{AuthMethod, GrantType, Switch},
};
use strum::VariantArray as _;

const ROUTE: Route = Route { methods: "GET", cors: Cors::AnyOrigin };

/// Serves a metadata request (§3.1). It reads no table.
pub async fn handle(app: &App, request: Request) -> Response {
    Call::serve(app, request, ROUTE, respond).await
}

async fn respond(call: &Call<'_>) -> Result<Response, OAuthError> {
    let issuer = call.issuer()?;
    // A feature that needs a compatibility switch is listed if the deployment permits that switch.
    let permitted = &call.app.config.compat;
    let is_supported =
        |grant_type: &GrantType| grant_type.switch().is_none_or(|switch| permitted.has(switch));
    let implicit = permitted.has(Switch::Implicit);
    let with_secret = &[AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost];
    let metadata = Metadata {
        token_endpoint: issuer.endpoint("/oauth/token"),
        revocation_endpoint: issuer.endpoint("/oauth/revoke"),
        introspection_endpoint: issuer.endpoint("/oauth/introspect"),
        registration_endpoint: call
            .app
            .config
            .registration
            .is_open()
            .then(|| issuer.endpoint("/oauth/register")),
        issuer: issuer.to_string(),
        authorization_endpoint: issuer.endpoint("/oauth/authorize"),
        response_types_supported: if implicit { &["code", "token"] } else { &["code"] },
        response_modes_supported: &["query", "fragment", "form_post"],
        grant_types_supported: GrantType::VARIANTS.iter().copied().filter(is_supported).collect(),
        code_challenge_methods_supported: &["S256"],
        authorization_response_iss_parameter_supported: true,
        token_endpoint_auth_methods_supported: AuthMethod::VARIANTS,
        revocation_endpoint_auth_methods_supported: AuthMethod::VARIANTS,
        introspection_endpoint_auth_methods_supported: with_secret,
    };
    let mut response = http::json(StatusCode::OK, &metadata); // §3.2
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(response)
}

/// The metadata document (§2). An optional member is present where its default value would be wrong.
#[derive(Serialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    /// RFC 7591 §3. Left out where clients cannot register themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_endpoint: Option<String>,
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
