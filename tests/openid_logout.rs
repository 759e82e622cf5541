//! OpenID Connect RP-Initiated Logout 1.0: one test for each module of the conformance suite's test plan, called as the module
//! is without `oidcc-rp-initiated-logout-`. The suite itself was not run.

use shared::clients::Registration;

use crate::harness::{Browser, HtmlForm, Redirect, Registered, Response, Stack, TestUser};

pub const LOGOUT: &str = "/oauth/logout";
/// The post-logout redirect URI of [`Scene::client`].
pub const GOODBYE: &str = "https://app.example.com/goodbye";

/// A deployment with a client, and a browser that ada has signed in with just now.
pub struct Scene {
    pub stack: Stack,
    pub client: Registered,
    pub ada: TestUser,
    /// The ID token of that sign-in.
    pub hint: String,
    /// The cookie of ada's session.
    session: String,
}

impl Scene {
    pub async fn new() -> Self {
        let stack = Stack::with_openid().await;
        let registered = |client: &mut Registration| {
            "Photo Book".clone_into(&mut client.name);
            client.post_logout_redirect_uris = vec![GOODBYE.to_owned(), format!("{GOODBYE}?a=1")];
        };
        let (client, ada) = (stack.relying_party_with(registered).await, stack.create_user("ada").await);
        let hint = stack.id_token(&client, ada.sub, stack.now()).await;
        let browser = stack.browser();
        browser.sign_in(&ada).await;
        let session = browser.cookie("jeton-session").unwrap();
        Self { stack, client, ada, hint, session }
    }

    /// Returns another copy of ada's browser.
    pub fn browser(&self) -> Browser<'_> {
        let browser = self.stack.browser();
        browser.set_cookie("jeton-session", &self.session);
        browser
    }

    /// Sends a logout request in ada's browser.
    pub async fn log_out(&self, parameters: &[(&str, &str)]) -> Response {
        self.browser().get(&path(parameters)).await
    }

    /// Sends a logout request with ada's ID token and the registered URI.
    pub fn request(&self) -> [(&str, &str); 3] {
        [
            ("id_token_hint", self.hint.as_str()),
            ("post_logout_redirect_uri", GOODBYE),
            ("state", "af0ifjsldkj"),
        ]
    }

    pub async fn is_signed_in(&self) -> bool {
        self.browser().get("/login").await.text.contains("You are signed in")
    }

    /// Asserts that `response` asks ada whether to sign out, and has not done it. Returns the form.
    pub async fn asks(&self, response: &Response) -> HtmlForm {
        response.is_page(200);
        assert!(response.text.contains("<h1>Sign out?</h1>"), "{}", response.text);
        assert_eq!(response.headers("set-cookie"), Vec::<&str>::new());
        assert!(self.is_signed_in().await);
        HtmlForm::of(response, LOGOUT)
    }

    /// Asserts that `response` asks, and confirms it. Returns the next response.
    pub async fn confirm(&self, response: &Response) -> Response {
        let form = self.asks(response).await;
        self.browser().submit(&form, &[]).await
    }

    /// Asserts the page of a user who is signed out, and that ada is.
    pub async fn signed_out(&self, response: &Response) {
        is_signed_out_page(response, 200);
        assert!(!self.is_signed_in().await);
    }
}

/// Returns the path of a logout request.
pub fn path(parameters: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    if query.is_empty() { LOGOUT.to_owned() } else { format!("{LOGOUT}?{query}") }
}

#[track_caller]
pub fn is_signed_out_page(response: &Response, status: u16) {
    response.is_page(status);
    assert!(response.text.contains("<h1>You are signed out</h1>"), "{}", response.text);
}

/// Returns the parameters without the one called `name`.
pub fn without<'a>(parameters: &[(&'a str, &'a str)], name: &str) -> Vec<(&'a str, &'a str)> {
    parameters.iter().filter(|(known, _)| *known != name).copied().collect()
}

/// Returns the parameters with another value of `name`.
pub fn with<'a>(parameters: &[(&'a str, &'a str)], name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    [without(parameters, name), vec![(name, value)]].concat()
}

#[tokio::test]
async fn rp_initiated_logout() {
    let scene = Scene::new().await;
    let stolen = scene.browser();
    let response = scene.log_out(&scene.request()).await;
    assert_eq!(Redirect::of(&response).location, format!("{GOODBYE}?state=af0ifjsldkj"));
    assert_eq!(response.headers("set-cookie"), ["jeton-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"]);
    response.is_not_stored();
    assert!(!stolen.get("/login").await.text.contains("You are signed in"));
    let audited = scene.stack.audited("signed_out");
    assert_eq!((audited.len(), &audited[0]["everywhere"]), (1, &false.into()));
    assert_eq!(audited[0]["path"], LOGOUT);
    // Once more: to sign out a user who is not signed in is no error.
    let again = scene.log_out(&scene.request()).await;
    assert_eq!(Redirect::of(&again).location, format!("{GOODBYE}?state=af0ifjsldkj"));
    assert_eq!(again.headers("set-cookie"), Vec::<&str>::new());
    assert_eq!(scene.stack.audited("signed_out").len(), 1);
}

#[tokio::test]
async fn no_state() {
    let scene = Scene::new().await;
    let response = scene.log_out(&without(&scene.request(), "state")).await;
    assert_eq!(Redirect::of(&response).location, GOODBYE);
    assert!(!scene.is_signed_in().await);
}

#[tokio::test]
async fn no_post_logout_redirect_uri() {
    let scene = Scene::new().await;
    let response = scene.log_out(&without(&scene.request(), "post_logout_redirect_uri")).await;
    scene.signed_out(&response).await;
    assert!(!response.text.contains("app.example.com"), "{}", response.text);
}

/// Asserts that a request that proves nothing is confirmed first, and leads to no client.
async fn asks_and_signs_out(parameters: &[(&str, &str)]) {
    let scene = Scene::new().await;
    let response = scene.log_out(parameters).await;
    assert!(!response.text.contains("asks to sign you out"), "{}", response.text);
    scene.signed_out(&scene.confirm(&response).await).await;
    // No user is signed in: nothing to ask.
    scene.signed_out(&scene.log_out(parameters).await).await;
}

#[tokio::test]
async fn no_params() {
    asks_and_signs_out(&[]).await;
}

#[tokio::test]
async fn only_state() {
    asks_and_signs_out(&[("state", "af0ifjsldkj")]).await;
}

#[tokio::test]
async fn no_id_token_hint() {
    let scene = Scene::new().await;
    let request = without(&scene.request(), "id_token_hint");
    let response = scene.confirm(&scene.log_out(&request).await).await;
    scene.signed_out(&response).await;
    assert!(!response.text.contains("app.example.com"), "whose URI? {}", response.text);
}

#[tokio::test]
async fn no_id_token_hint_but_a_client_id() {
    let scene = Scene::new().await;
    let request = with(&without(&scene.request(), "id_token_hint"), "client_id", &scene.client.id);
    let response = scene.log_out(&request).await;
    assert!(!response.text.contains("Photo Book"), "any site can send the id: {}", response.text);
    let response = scene.confirm(&response).await;
    scene.signed_out(&response).await;
    let link = format!("<a href=\"{GOODBYE}?state=af0ifjsldkj\">Return to app.example.com</a>");
    assert!(response.text.contains(&link), "{}", response.text);
    let unknown = scene.log_out(&with(&request, "client_id", "unknown")).await;
    is_signed_out_page(&unknown, 200);
    assert!(!unknown.text.contains("app.example.com"), "{}", unknown.text);
}

/// Signed by another key, with the same `kid`.
#[tokio::test]
async fn bad_id_token_hint() {
    let scene = Scene::new().await;
    let other = Stack::with_openid().await;
    let (signed, signature) = scene.hint.rsplit_once('.').unwrap();
    let other_issuer = other.id_token(&scene.client, scene.ada.sub, other.now()).await;
    let zeros = format!("{signed}.{}", "A".repeat(signature.len()));
    let access_token = scene.stack.token(&scene.stack.machine().await).await;
    let too_long = "a".repeat(3_000);
    for hint in [zeros.as_str(), &other_issuer, signed, "", "a.b.c", &access_token, &too_long] {
        let response = scene.log_out(&with(&scene.request(), "id_token_hint", hint)).await;
        assert!(!response.text.contains("Photo Book"), "{hint}: {}", response.text);
        scene.asks(&response).await;
    }
    let response = scene.log_out(&with(&scene.request(), "id_token_hint", &zeros)).await;
    let response = scene.confirm(&response).await;
    scene.signed_out(&response).await;
    assert!(!response.text.contains("app.example.com"), "{}", response.text);
}

/// With `alg` changed to `none`.
#[tokio::test]
async fn modified_id_token_hint() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let scene = Scene::new().await;
    let parts: Vec<_> = scene.hint.split('.').collect();
    let header = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    let header = URL_SAFE_NO_PAD.encode(header.replace("RS256", "none"));
    let bare = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    for header in [header, bare] {
        for hint in [format!("{header}.{}.", parts[1]), format!("{header}.{}.{}", parts[1], parts[2])] {
            scene.asks(&scene.log_out(&with(&scene.request(), "id_token_hint", &hint)).await).await;
        }
    }
}

/// Asserts that the browser is not sent to `uri`. The ID token is valid all the same, so the user is signed out.
async fn is_not_registered(uri: &str) {
    let scene = Scene::new().await;
    let response = scene.log_out(&with(&scene.request(), "post_logout_redirect_uri", uri)).await;
    is_signed_out_page(&response, 400);
    assert!(response.text.contains("that it has not registered"), "{}", response.text);
    assert!(!response.text.contains("example") && !response.text.contains("goodbye"), "{}", response.text);
    assert!(!scene.is_signed_in().await);
    let refused = scene.stack.audited("refused");
    assert_eq!(refused[0]["reason"], "the post-logout redirect URI is not registered");
    assert_eq!(refused[0]["client"].as_str(), Some(scene.client.id.as_str()));
}

#[tokio::test]
async fn bad_post_logout_redirect_uri() {
    is_not_registered("https://evil.example/").await;
}

#[tokio::test]
async fn query_added_to_post_logout_redirect_uri() {
    is_not_registered(&format!("{GOODBYE}?b=2")).await;
    is_not_registered(&format!("{GOODBYE}?a=1&b=2")).await;
    let scene = Scene::new().await;
    let registered = format!("{GOODBYE}?a=1");
    let response = scene.log_out(&with(&scene.request(), "post_logout_redirect_uri", &registered)).await;
    assert_eq!(Redirect::of(&response).location, format!("{GOODBYE}?a=1&state=af0ifjsldkj"));
}

/// `oidcc-rp-initiated-logout-discovery-endpoint-verification` is about the discovery document; without OpenID Connect
/// there is no endpoint either.
#[tokio::test]
async fn without_a_signing_key_there_is_no_endpoint() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    stack.dynamodb.forget();
    for response in [browser.get(LOGOUT).await, browser.post(LOGOUT, &[("csrf", "0")]).await] {
        assert_eq!((response.status, response.text.as_str()), (404, r#"{"message":"Not Found"}"#));
    }
    assert_eq!(stack.dynamodb.seen().len(), 0);
    assert!(browser.get("/login").await.text.contains("You are signed in"));
}
