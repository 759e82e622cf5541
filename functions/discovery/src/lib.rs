//! Discovery of the OpenID provider (OpenID Connect Discovery 1.0), and the keys that verify its ID tokens (RFC 7517).

mod configuration;
mod key_set;

use lambda_http::http::StatusCode;
use shared::{
    endpoint::{App, Call, Cors, Route, metadata::cacheable},
    http::{self, OAuthError, Request, Response},
};

use configuration::ProviderConfiguration;
use key_set::KeySet;

/// The path of the JWK Set, which only the provider configuration has to name.
pub const KEYS: &str = "/.well-known/jwks.json";

const ROUTE: Route = Route { methods: "GET", cors: Cors::AnyOrigin };

/// Responds to a request for the provider configuration, which reads no table, or for the keys. Neither exists unless
/// OpenID Connect is on.
pub async fn handle(app: &App, request: Request) -> Response {
    if !app.config.signing_keys.is_on() {
        return http::not_found();
    }
    match request.uri().path() {
        KEYS => Call::serve(app, request, ROUTE, keys).await,
        _ => Call::serve(app, request, ROUTE, configuration).await,
    }
}

/// Returns the OpenID provider configuration (Discovery §4.2).
async fn configuration(call: &Call<'_>) -> Result<Response, OAuthError> {
    Ok(cacheable(&ProviderConfiguration::of(&call.issuer()?, &call.app.config)))
}

/// Returns the JWK Set (RFC 7517 §5).
async fn keys(call: &Call<'_>) -> Result<Response, OAuthError> {
    let &Call { app, now, .. } = call;
    let permitted = &app.config.signing_keys;
    let list = app.signing_keys.list(now).await?;
    let keys = KeySet::of(list.published(permitted, now));
    // Until a key signs, a cache must not keep the empty set.
    let is_usable = list.signing(permitted, now).is_some();
    Ok(if is_usable { cacheable(&keys) } else { http::json(StatusCode::OK, &keys) })
}
