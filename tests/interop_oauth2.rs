//! The `oauth2` crate against a running server. Libraries in other languages are in `clients/`.

use std::collections::BTreeMap;

use oauth2::{
    AccessToken, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, IntrospectionUrl, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RefreshToken, RequestTokenError, RevocationUrl, Scope, StandardRevocableToken,
    TokenIntrospectionResponse, TokenResponse, TokenUrl,
    basic::{BasicClient, BasicErrorResponseType, BasicTokenType},
    http,
};
use shared::{
    secret::Id,
    users::{Password, User, password},
};
use url::Url;

use crate::harness::{Registered, Stack};

/// The library's client with the authorization, introspection, revocation and token endpoints.
type Library = BasicClient<EndpointSet, EndpointNotSet, EndpointSet, EndpointSet, EndpointSet>;

/// Returns the library's client for `client`, with the endpoints of the metadata document.
async fn library(stack: &Stack, client: &Registered, auth_type: AuthType) -> Library {
    let document = stack.request("GET", "/.well-known/oauth-authorization-server").send().await.json();
    let endpoint = |name: &str| document[name].as_str().unwrap().to_owned();
    // The library revokes over https only: see `send`.
    let revocation_endpoint = endpoint("revocation_endpoint").replacen("http://", "https://", 1);
    let mut library = BasicClient::new(ClientId::new(client.id.clone()));
    if !client.secret.is_empty() {
        library = library.set_client_secret(ClientSecret::new(client.secret.clone()));
    }
    library
        .set_auth_type(auth_type)
        .set_auth_uri(AuthUrl::new(endpoint("authorization_endpoint")).unwrap())
        .set_token_uri(TokenUrl::new(endpoint("token_endpoint")).unwrap())
        .set_introspection_url(IntrospectionUrl::new(endpoint("introspection_endpoint")).unwrap())
        .set_revocation_url(RevocationUrl::new(revocation_endpoint).unwrap())
}

/// Sends a request of the library without TLS, which a server on a loopback address does not have.
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

/// Returns the error code of a token request, as the library parses it.
async fn error_code(library: &Library, scope: &str) -> BasicErrorResponseType {
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
async fn the_oauth2_crate_understands_the_errors() {
    let stack = Stack::start().await;
    let (machine, other) = (stack.machine().await, stack.resource_server().await);
    let not_its_own = Registered { secret: other.secret, ..machine.clone() };
    for auth_type in [AuthType::BasicAuth, AuthType::RequestBody] {
        let library = library(&stack, &not_its_own, auth_type).await;
        assert_eq!(error_code(&library, "read").await, BasicErrorResponseType::InvalidClient);
    }
    let library = library(&stack, &machine, AuthType::BasicAuth).await;
    assert_eq!(error_code(&library, "admin").await, BasicErrorResponseType::InvalidScope);
}

/// Signs a user in at `url`, submits the decision, and returns the parameters of the authorization response.
async fn visit(url: &Url, decision: &str) -> BTreeMap<String, String> {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let redirect_uri = url.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1;
    let (mut cookies, mut url, mut form) = (BTreeMap::new(), url.clone(), None);
    loop {
        let request = match form.take() {
            Some(form) => browser
                .post(url.clone())
                .header("content-type", "application/x-www-form-urlencoded")
                .body::<String>(form),
            None => browser.get(url.clone()),
        };
        let sent =
            cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let answer = request.header("cookie", sent).send().await.unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        if answer.status() == 303 {
            url = url.join(answer.headers()["location"].to_str().unwrap()).unwrap();
            if url.as_str().starts_with(&*redirect_uri) {
                return url.query_pairs().into_owned().collect();
            }
            continue;
        }
        assert_eq!(answer.status(), 200);
        let page = answer.text().await.unwrap();
        let (action, inputs) =
            between(&page, "<form method=\"post\" action=\"", "</form>").split_once('"').unwrap();
        let mut filled = form_urlencoded::Serializer::new(String::new());
        for input in inputs.split("<input type=\"hidden\" ").skip(1) {
            filled.append_pair(between(input, "name=\"", "\""), &unescaped(between(input, "value=\"", "\"")));
        }
        filled.extend_pairs(if inputs.contains("name=\"password\"") {
            [("username", USER), ("password", PASSWORD)]
        } else {
            [("decision", decision), ("allow:read", "yes")]
        });
        form = Some(filled.finish());
        url = url.join(&unescaped(action)).unwrap();
    }
}

const USER: &str = "ada";
const PASSWORD: &str = "correct horse battery staple";

/// Returns the part of `text` between the first `before` and the next `after`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).unwrap().1.split_once(after).unwrap().0
}

/// Unescapes an attribute's value, as far as URLs and tokens need it.
fn unescaped(text: &str) -> String {
    text.replace("&#38;", "&").replace("&amp;", "&")
}

/// Returns the authorization response for `decision` and its PKCE verifier. Checks `state` and `iss`.
async fn authorized(
    stack: &Stack,
    library: &Library,
    redirect_uri: &RedirectUrl,
    decision: &str,
) -> (BTreeMap<String, String>, PkceCodeVerifier) {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let request = library
        .authorize_url(CsrfToken::new_random)
        .add_scope(Scope::new("read".to_owned()))
        .add_extra_param("prompt", "consent")
        .set_redirect_uri(std::borrow::Cow::Borrowed(redirect_uri))
        .set_pkce_challenge(challenge);
    let (url, state) = request.url();
    let answer = visit(&url, decision).await;
    assert_eq!((&answer["state"], &answer["iss"]), (state.secret(), &stack.url));
    (answer, verifier)
}

#[tokio::test]
async fn a_user_authorizes_through_the_oauth2_crate() {
    let stack = Stack::start().await;
    let hash = password::hash_async(Password::new(PASSWORD.to_owned()).unwrap()).await;
    stack.app.users.create(&User::new(Id::random(), USER.parse().unwrap(), hash, stack.now())).await.unwrap();
    let (web, public) = (stack.web().await, stack.public().await);
    let (callback, native) = ("https://app.example.com/oauth/callback", "http://127.0.0.1:9/cb");
    for (client, auth_type, redirect_uri) in [
        (&web, AuthType::BasicAuth, callback),
        (&web, AuthType::RequestBody, callback),
        (&public, AuthType::RequestBody, native),
    ] {
        let library = library(&stack, client, auth_type).await;
        let redirect_uri = RedirectUrl::new(redirect_uri.to_owned()).unwrap();
        let (answer, verifier) = authorized(&stack, &library, &redirect_uri, "allow").await;
        let request = library
            .exchange_code(AuthorizationCode::new(answer["code"].clone()))
            .set_redirect_uri(std::borrow::Cow::Borrowed(&redirect_uri))
            .set_pkce_verifier(verifier);
        let first = request.request_async(&send).await.unwrap();
        assert_eq!(first.token_type(), &BasicTokenType::Bearer);
        assert_eq!(first.scopes().unwrap(), &[Scope::new("read".to_owned())]);

        let refreshed =
            async |token: &RefreshToken| library.exchange_refresh_token(token).request_async(&send).await;
        let second = refreshed(first.refresh_token().unwrap()).await.unwrap();
        let (old, new) = (first.refresh_token().unwrap(), second.refresh_token().unwrap());
        assert_ne!(old.secret(), new.secret());
        let again = refreshed(old).await.unwrap();
        assert_eq!(again.refresh_token().unwrap().secret(), new.secret());
        assert_eq!(again.access_token().secret(), second.access_token().secret());

        let token = StandardRevocableToken::RefreshToken(new.clone());
        library.revoke_token(token).unwrap().request_async(&send).await.unwrap();
        match refreshed(new).await {
            Err(RequestTokenError::ServerResponse(refusal)) => {
                assert_eq!(refusal.error(), &BasicErrorResponseType::InvalidGrant);
            }
            other => panic!("the library makes no refusal of it: {other:?}"),
        }

        let (answer, _) = authorized(&stack, &library, &redirect_uri, "deny").await;
        assert_eq!((answer["error"].as_str(), answer.get("code")), ("access_denied", None));
    }
}
