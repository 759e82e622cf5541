//! People, what they agree to, and what their clients then ask for.

use shared::{
    client::{Client, ClientId, Registration},
    grant::{Agreement, Grant, Terms},
    scope::Scope,
    secret::{AuthorizationCode, Digest, Id, Secret, random},
    status::Status,
    table::Table,
};

use super::{Answer, Registered, Stack};

/// The verifier of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// Where `web` has its codes sent.
pub const CALLBACK: &str = "https://app.example.com/oauth/callback";

/// What a person is asked to agree to.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The scope, space-delimited.
    pub scope: &'a str,
    /// The redirect URI, and whether the request names it.
    pub redirect_uri: (&'a str, bool),
    /// The verifier that the request's challenge is made of.
    pub verifier: Option<&'a str>,
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self { scope: "read write", redirect_uri: (CALLBACK, false), verifier: Some(VERIFIER) }
    }
}

/// What a token request is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

impl Answer {
    /// The access token and the refresh token in it.
    #[track_caller]
    pub fn pair(&self) -> Pair {
        assert_eq!(self.status, 200, "{}", self.text);
        let json = self.json();
        let text = |name: &str| json[name].as_str().expect(name).to_owned();
        Pair { access: text("access_token"), refresh: text("refresh_token") }
    }
}

impl Stack {
    /// Somebody new, in good standing.
    pub async fn person(&self, name: &str) -> Id {
        let id = Id::random();
        assert!(self.users().insert(&Status::new(id, name)).await.unwrap().is_none());
        id
    }

    /// The table that people are in.
    pub fn users(&self) -> Table {
        Table::new(self.app.grants.table().client(), &self.app.config.tables.users)
    }

    /// Registers a client that is first made to differ from what its registration says.
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

    /// The code that `client` gets when `person` agrees to `request`.
    pub async fn agree(&self, client: &Registered, person: Id, request: Request<'_>) -> String {
        let client = self.kept(client).await;
        let code = Secret::<AuthorizationCode>::new(Id::random(), &random());
        let scope = if request.scope.is_empty() { Scope::default() } else { request.scope.parse().unwrap() };
        let issuer = self.app.config.issuer.clone().unwrap();
        let terms = Terms { client: &client, scope, issuer, now: self.now() };
        let (redirect_uri, redirect_uri_sent) = request.redirect_uri;
        let agreement = Agreement {
            person,
            authenticated_at: self.now(),
            redirect_uri,
            redirect_uri_sent,
            challenge: request.verifier.map(Digest::of),
        };
        self.app.grants.issue(&Grant::for_person(terms, &agreement, &code)).await.unwrap();
        code.expose().to_owned()
    }

    /// The token answer of `client`, which `person` agreed with.
    pub async fn authorized(&self, client: &Registered, person: Id) -> serde_json::Value {
        let code = self.agree(client, person, Request::default()).await;
        let answer = self.redeem(client, &code).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// A code of `client` for somebody who agreed to the usual.
    pub async fn code(&self, client: &Registered) -> String {
        let person = self.person("alice").await;
        self.agree(client, person, Request::default()).await
    }

    /// What `client` is answered at `path`: it authenticates, or says its name if it is public.
    pub async fn ask(&self, path: &str, client: &Registered, form: &[(&str, &str)]) -> Answer {
        if client.secret.is_empty() {
            self.post(path).form(&[form, &[("client_id", client.id.as_str())]].concat()).send().await
        } else {
            self.post(path).basic(client).form(form).send().await
        }
    }

    /// What `client` is answered to `code` and the usual verifier.
    pub async fn redeem(&self, client: &Registered, code: &str) -> Answer {
        self.redeem_with(client, code, &[("code_verifier", VERIFIER)]).await
    }

    /// What `client` is answered to `code` and these parameters.
    pub async fn redeem_with(&self, client: &Registered, code: &str, more: &[(&str, &str)]) -> Answer {
        let form = [&[("grant_type", "authorization_code"), ("code", code)], more].concat();
        self.ask("/oauth/token", client, &form).await
    }

    /// The first tokens of a grant of `client`.
    pub async fn pair(&self, client: &Registered) -> Pair {
        let code = self.code(client).await;
        self.redeem(client, &code).await.pair()
    }

    /// What `client` is answered to a refresh token.
    pub async fn refresh(&self, client: &Registered, token: &str) -> Answer {
        self.refresh_with(client, token, &[]).await
    }

    /// What `client` is answered to a refresh token and these parameters.
    pub async fn refresh_with(&self, client: &Registered, token: &str, more: &[(&str, &str)]) -> Answer {
        let form = [&[("grant_type", "refresh_token"), ("refresh_token", token)], more].concat();
        self.ask("/oauth/token", client, &form).await
    }

    /// Whether `token` works, as a resource server or its own client is told.
    pub async fn is_active(&self, asker: &Registered, token: &str) -> bool {
        self.introspect(asker, token).await["active"] == true
    }
}
