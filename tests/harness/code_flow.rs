//! Users, their consents, and the token requests of their clients.

use shared::{
    clients::{Client, Registration},
    dynamodb::Table,
    grants::{CodeGrant, Grant, Terms},
    oauth::{ClientId, Scope},
    secret::{AuthorizationCode, Digest, Id, Secret, random},
    status::Status,
};

use super::{Registered, Response, Stack};

/// The verifier of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The redirect URI of `web`.
pub const CALLBACK: &str = "https://app.example.com/oauth/callback";

/// An authorization request to which a user consents.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Space-delimited.
    pub scope: &'a str,
    /// The resource that the tokens are for.
    pub resource: Option<&'a str>,
    /// The redirect URI, and whether the request contains it.
    pub redirect_uri: (&'a str, bool),
    /// The verifier of the request's challenge.
    pub verifier: Option<&'a str>,
    /// The nonce of an OpenID Connect request.
    pub nonce: Option<&'a str>,
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self {
            scope: "read write",
            resource: None,
            redirect_uri: (CALLBACK, false),
            verifier: Some(VERIFIER),
            nonce: None,
        }
    }
}

/// The tokens of a token response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub access: String,
    pub refresh: String,
}

impl Response {
    /// Returns the tokens of a successful response.
    #[track_caller]
    pub fn pair(&self) -> Pair {
        assert_eq!(self.status, 200, "{}", self.text);
        let json = self.json();
        let text = |name: &str| json[name].as_str().expect(name).to_owned();
        Pair { access: text("access_token"), refresh: text("refresh_token") }
    }
}

impl Stack {
    /// Creates a user's status, in good standing.
    pub async fn user(&self, name: &str) -> Id {
        let id = Id::random();
        assert!(self.users().insert(&Status::new(id, name)).await.unwrap().is_none());
        id
    }

    /// Returns the users table.
    pub fn users(&self) -> Table {
        Table::new(self.app.grants.table().client(), &self.app.config.tables.users)
    }

    /// Registers a client after a change of its properties.
    pub async fn register_changed(
        &self,
        registration: Registration,
        change: impl FnOnce(&mut Client),
    ) -> Registered {
        let (mut client, secret) = registration.accept(ClientId::random(), self.now()).unwrap();
        change(&mut client);
        self.app.clients.create(&client).await.unwrap();
        let secret = secret.map(|secret| secret.expose().to_owned()).unwrap_or_default();
        Registered { id: client.id.to_string(), secret }
    }

    /// Returns the code that `client` gets when `user` consents to `request`.
    pub async fn issue_code(&self, client: &Registered, user: Id, request: Request<'_>) -> String {
        let client = self.stored_client(client).await;
        let code = Secret::<AuthorizationCode>::new(Id::random(), &random());
        let scope = if request.scope.is_empty() { Scope::default() } else { request.scope.parse().unwrap() };
        let issuer = self.app.config.issuer.clone().unwrap();
        let resource = request.resource.map(|uri| uri.parse().unwrap());
        let terms = Terms { client: &client, scope, resource, issuer, now: self.now() };
        let (redirect_uri, redirect_uri_sent) = request.redirect_uri;
        let consent = CodeGrant {
            user,
            authenticated_at: self.now(),
            redirect_uri,
            redirect_uri_sent,
            nonce: request.nonce,
            challenge: request.verifier.map(Digest::of),
        };
        self.app.grants.issue(&Grant::for_user(terms, &consent, &code)).await.unwrap();
        code.expose().to_owned()
    }

    /// Returns the token response that `client` gets after `user` consented.
    pub async fn authorized(&self, client: &Registered, user: Id) -> serde_json::Value {
        let code = self.issue_code(client, user, Request::default()).await;
        let response = self.redeem(client, &code).await;
        assert_eq!(response.status, 200, "{}", response.text);
        response.json()
    }

    /// Returns a code of `client` after a new user consented to the default request.
    pub async fn code(&self, client: &Registered) -> String {
        let user = self.user("alice").await;
        self.issue_code(client, user, Request::default()).await
    }

    /// Sends `form` from `client`, which authenticates, or sends its client id if it is public.
    pub async fn post_as(&self, path: &str, client: &Registered, form: &[(&str, &str)]) -> Response {
        if client.secret.is_empty() {
            self.post(path).form(&[form, &[("client_id", client.id.as_str())]].concat()).send().await
        } else {
            self.post(path).basic(client).form(form).send().await
        }
    }

    /// Redeems `code` with the default verifier.
    pub async fn redeem(&self, client: &Registered, code: &str) -> Response {
        self.redeem_with(client, code, &[("code_verifier", VERIFIER)]).await
    }

    /// Redeems `code` with more parameters.
    pub async fn redeem_with(&self, client: &Registered, code: &str, more: &[(&str, &str)]) -> Response {
        let form = [&[("grant_type", "authorization_code"), ("code", code)], more].concat();
        self.post_as("/oauth/token", client, &form).await
    }

    /// Returns the first tokens of a new grant of `client`.
    pub async fn pair(&self, client: &Registered) -> Pair {
        let code = self.code(client).await;
        self.redeem(client, &code).await.pair()
    }

    /// Refreshes.
    pub async fn refresh(&self, client: &Registered, token: &str) -> Response {
        self.refresh_with(client, token, &[]).await
    }

    /// Refreshes with more parameters.
    pub async fn refresh_with(&self, client: &Registered, token: &str, more: &[(&str, &str)]) -> Response {
        let form = [&[("grant_type", "refresh_token"), ("refresh_token", token)], more].concat();
        self.post_as("/oauth/token", client, &form).await
    }

    /// Returns whether `token` is active, by introspection from `asker`: a resource server or the token's client.
    pub async fn is_active(&self, asker: &Registered, token: &str) -> bool {
        self.introspect(asker, token).await["active"] == true
    }
}
