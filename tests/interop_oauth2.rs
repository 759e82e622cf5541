//! The `oauth2` crate against a running server. Libraries in other languages are in `clients/`.

use oauth2::{
    AccessToken, AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    IntrospectionUrl, RequestTokenError, RevocationUrl, Scope, TokenIntrospectionResponse, TokenResponse,
    TokenUrl,
    basic::{BasicClient, BasicErrorResponseType, BasicTokenType},
    http,
};

use crate::harness::{Registered, Stack};

/// The library's client, told where to introspect, to revoke and to get tokens.
type Library = BasicClient<EndpointNotSet, EndpointNotSet, EndpointSet, EndpointSet, EndpointSet>;

/// The library for `client`, with the endpoints that the metadata document names.
async fn library(stack: &Stack, client: &Registered, auth_type: AuthType) -> Library {
    let document = stack.request("GET", "/.well-known/oauth-authorization-server").send().await.json();
    let endpoint = |name: &str| document[name].as_str().unwrap().to_owned();
    // The library revokes over https only: see `send`.
    let revocation_endpoint = endpoint("revocation_endpoint").replacen("http://", "https://", 1);
    BasicClient::new(ClientId::new(client.id.clone()))
        .set_client_secret(ClientSecret::new(client.secret.clone()))
        .set_auth_type(auth_type)
        .set_token_uri(TokenUrl::new(endpoint("token_endpoint")).unwrap())
        .set_introspection_url(IntrospectionUrl::new(endpoint("introspection_endpoint")).unwrap())
        .set_revocation_url(RevocationUrl::new(revocation_endpoint).unwrap())
}

/// Sends what the library wants sent, without the TLS that a server on a loopback address does not have.
async fn send(request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let (mut parts, body) = request.into_parts();
    parts.uri = parts.uri.to_string().replacen("https://", "http://", 1).parse().unwrap();
    let request = reqwest::Request::try_from(http::Request::from_parts(parts, body))?;
    let answer = reqwest::Client::new().execute(request).await?;
    let mut response = http::Response::new(Vec::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    *response.body_mut() = answer.bytes().await?.to_vec();
    Ok(response)
}

async fn introspect(library: &Library, token: &AccessToken) -> impl TokenIntrospectionResponse {
    library.introspect(token).set_token_type_hint("access_token").request_async(&send).await.unwrap()
}

/// The code that a token request is refused with, as the library understands it.
async fn refusal(library: &Library, scope: &str) -> BasicErrorResponseType {
    let request = library.exchange_client_credentials().add_scope(Scope::new(scope.to_owned()));
    match request.request_async(&send).await {
        Err(RequestTokenError::ServerResponse(refusal)) => refusal.error().clone(),
        other => panic!("the library makes no refusal of it: {other:?}"),
    }
}

#[tokio::test]
async fn a_token_is_granted_introspected_and_revoked_through_the_oauth2_crate() {
    let stack = Stack::start().await;
    let (machine, rs) = (stack.machine().await, stack.resource_server().await);
    let api = library(&stack, &rs, AuthType::BasicAuth).await;
    for auth_type in [AuthType::BasicAuth, AuthType::RequestBody] {
        let machine_library = library(&stack, &machine, auth_type).await;
        let request = machine_library.exchange_client_credentials().add_scope(Scope::new("read".to_owned()));
        let granted = request.request_async(&send).await.unwrap();
        assert_eq!(granted.token_type(), &BasicTokenType::Bearer);
        assert_eq!(granted.expires_in().unwrap().as_secs(), 3_600);
        assert_eq!(granted.scopes().unwrap(), &[Scope::new("read".to_owned())]);
        assert!(granted.refresh_token().is_none());

        let found = introspect(&api, granted.access_token()).await;
        assert!(found.active());
        assert_eq!(found.client_id().unwrap().as_str(), machine.id);
        assert_eq!((found.sub(), found.iss()), (Some(machine.id.as_str()), Some(stack.url.as_str())));
        assert_eq!(found.scopes().unwrap(), &[Scope::new("read".to_owned())]);
        let lifetime = found.exp().unwrap() - found.iat().unwrap();
        assert_eq!(lifetime.num_seconds(), 3_600);

        let request = machine_library.revoke_token(granted.access_token().clone().into()).unwrap();
        request.request_async(&send).await.unwrap();
        assert!(!introspect(&api, granted.access_token()).await.active());
    }
}

#[tokio::test]
async fn the_oauth2_crate_understands_what_it_is_refused() {
    let stack = Stack::start().await;
    let (machine, other) = (stack.machine().await, stack.resource_server().await);
    let not_its_own = Registered { secret: other.secret, ..machine.clone() };
    for auth_type in [AuthType::BasicAuth, AuthType::RequestBody] {
        let library = library(&stack, &not_its_own, auth_type).await;
        assert_eq!(refusal(&library, "read").await, BasicErrorResponseType::InvalidClient);
    }
    let library = library(&stack, &machine, AuthType::BasicAuth).await;
    assert_eq!(refusal(&library, "admin").await, BasicErrorResponseType::InvalidScope);
}
