//! Authorization server metadata (RFC 8414 §2), and the form of documents that shared caches may store.

use lambda_http::http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use strum::VariantArray as _;

use crate::{
    config::Config,
    http::{self, Response},
    oauth::{AuthMethod, GrantType, Issuer, Switch},
};

/// The metadata document (RFC 8414 §2). An optional member is present where its default value would be wrong.
#[derive(Clone, Debug, Serialize)]
pub struct Metadata {
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

impl Metadata {
    /// Returns the metadata of `issuer`. They follow from the configuration alone.
    pub fn of(issuer: &Issuer, config: &Config) -> Self {
        // A feature that needs a compatibility switch is listed if the deployment permits that switch.
        let permitted = &config.compat;
        let is_supported =
            |grant_type: &GrantType| grant_type.switch().is_none_or(|switch| permitted.has(switch));
        let implicit = permitted.has(Switch::Implicit);
        Self {
            issuer: issuer.to_string(),
            authorization_endpoint: issuer.endpoint("/oauth/authorize"),
            token_endpoint: issuer.endpoint("/oauth/token"),
            revocation_endpoint: issuer.endpoint("/oauth/revoke"),
            introspection_endpoint: issuer.endpoint("/oauth/introspect"),
            registration_endpoint: config.registration.is_open().then(|| issuer.endpoint("/oauth/register")),
            response_types_supported: if implicit { &["code", "token"] } else { &["code"] },
            response_modes_supported: &["query", "fragment", "form_post"],
            grant_types_supported: GrantType::VARIANTS.iter().copied().filter(is_supported).collect(),
            code_challenge_methods_supported: &["S256"],
            authorization_response_iss_parameter_supported: true,
            token_endpoint_auth_methods_supported: AuthMethod::VARIANTS,
            revocation_endpoint_auth_methods_supported: AuthMethod::VARIANTS,
            introspection_endpoint_auth_methods_supported: &[
                AuthMethod::ClientSecretBasic,
                AuthMethod::ClientSecretPost,
            ],
        }
    }
}

/// Returns the response with a `document` in JSON that shared caches may store for five minutes.
pub fn cacheable(document: &impl Serialize) -> Response {
    let mut response = http::json(StatusCode::OK, document);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}
