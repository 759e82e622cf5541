//! oxide-auth behind axum: `oxide-auth-server [argon2]`. It stores everything in memory.
//!
//! Client secrets are hashed by SHA-256, because they are random; with `argon2`, as the library does by default. The
//! resource owner is asked nothing.

use std::{
    env,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use oxide_auth::{
    code_grant::extensions::Pkce,
    endpoint::{
        AccessTokenFlow, AuthorizationFlow, ClientCredentialsFlow, OwnerConsent, RefreshFlow, Solicitation,
    },
    frontends::simple::{
        endpoint::{ErrorInto, FnSolicitor, Generic, Vacant},
        extensions::{AddonList, Extended},
    },
    primitives::{
        authorizer::AuthMap,
        generator::RandomGenerator,
        issuer::TokenMap,
        registrar::{Client, ClientMap, ExactUrl, PasswordPolicy, RegisteredUrl, RegistrarError},
        scope::Scope,
    },
};
use oxide_auth_axum::{OAuthRequest, OAuthResponse, WebError};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

type Answer = Result<OAuthResponse, WebError>;
type AnyError = Box<dyn std::error::Error>;

/// The SHA-256 of a random secret.
struct Fast;

impl PasswordPolicy for Fast {
    fn store(&self, _client: &str, secret: &[u8]) -> Vec<u8> {
        Sha256::digest(secret).to_vec()
    }

    fn check(&self, _client: &str, secret: &[u8], stored: &[u8]) -> Result<(), RegistrarError> {
        let is_equal: bool = Sha256::digest(secret).as_slice().ct_eq(stored).into();
        if is_equal { Ok(()) } else { Err(RegistrarError::Unspecified) }
    }
}

struct Server {
    registrar: ClientMap,
    authorizer: AuthMap<RandomGenerator>,
    issuer: TokenMap<RandomGenerator>,
    extensions: AddonList,
    user: String,
}

impl Server {
    fn new(is_argon2: bool) -> Result<Self, AnyError> {
        let clients: Value = serde_json::from_str(include_str!("../../clients.json"))?;
        let text = |pointer| clients.pointer(pointer).and_then(Value::as_str).ok_or("clients.json");
        let redirect_uri =
            || Ok::<_, AnyError>(RegisteredUrl::from(text("/app/redirect_uri")?.parse::<ExactUrl>()?));
        let scope: Scope = text("/scope")?.parse()?;
        let mut registrar = ClientMap::new();
        if !is_argon2 {
            registrar.set_password_policy(Fast);
        }
        let (id, secret) = (text("/service/id")?, text("/service/secret")?.as_bytes());
        registrar.register_client(Client::confidential(id, redirect_uri()?, scope.clone(), secret));
        registrar.register_client(Client::public(text("/app/id")?, redirect_uri()?, scope));
        let mut extensions = AddonList::new();
        extensions.push_code(Pkce::required());
        Ok(Self {
            registrar,
            authorizer: AuthMap::new(RandomGenerator::new(16)),
            issuer: TokenMap::new(RandomGenerator::new(16)),
            extensions,
            user: text("/user")?.to_owned(),
        })
    }
}

/// Makes the library's endpoint of `$server`, with `$solicitor`.
macro_rules! endpoint {
    ($server:ident, $solicitor:expr) => {
        ErrorInto::<_, WebError>::new(Extended::extend_with(
            Generic {
                registrar: &$server.registrar,
                authorizer: &mut $server.authorizer,
                issuer: &mut $server.issuer,
                solicitor: $solicitor,
                scopes: Vacant,
                response: Vacant,
            },
            &mut $server.extensions,
        ))
    };
}

async fn authorize(State(server): State<Arc<Mutex<Server>>>, request: OAuthRequest) -> Answer {
    let mut server = server.lock().unwrap_or_else(PoisonError::into_inner);
    let server = &mut *server;
    let user = server.user.clone();
    let consent =
        FnSolicitor(move |_: &mut OAuthRequest, _: Solicitation<'_>| OwnerConsent::Authorized(user.clone()));
    AuthorizationFlow::prepare(endpoint!(server, consent))?.execute(request)
}

async fn token(State(server): State<Arc<Mutex<Server>>>, request: OAuthRequest) -> Answer {
    use oxide_auth::frontends::dev::QueryParameter as _;

    let grant_type =
        request.body().and_then(|body| body.unique_value("grant_type")).unwrap_or_default().into_owned();
    let mut server = server.lock().unwrap_or_else(PoisonError::into_inner);
    let server = &mut *server;
    match grant_type.as_str() {
        "client_credentials" => {
            let owner = FnSolicitor(|_: &mut OAuthRequest, solicitation: Solicitation<'_>| {
                OwnerConsent::Authorized(solicitation.pre_grant().client_id.clone())
            });
            ClientCredentialsFlow::prepare(endpoint!(server, owner))?.execute(request)
        }
        "refresh_token" => RefreshFlow::prepare(endpoint!(server, Vacant))?.execute(request),
        _ => AccessTokenFlow::prepare(endpoint!(server, Vacant))?.execute(request),
    }
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let server = Server::new(env::args().any(|argument| argument == "argon2"))?;
    let routes = Router::new().route("/authorize", get(authorize)).route("/token", post(token));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, routes.with_state(Arc::new(Mutex::new(server)))).await?)
}
