//! People, and what they agreed to: as if they had been at the authorization endpoint.

use serde_json::Value;
use shared::{
    grant::{Consent, Grant, Terms},
    secret::{AuthorizationCode, Digest, Id, Secret, random},
};

use super::{Registered, Stack};

/// Where `web` wants its codes.
const REDIRECT_URI: &str = "https://app.example.com/oauth/callback";

impl Stack {
    /// The tokens of `client`, which [`Stack::web`] made and `person` agreed with.
    pub async fn authorized(&self, client: &Registered, person: Id) -> Value {
        let verifier = "a".repeat(43);
        let code = Secret::<AuthorizationCode>::new(Id::random(), &random());
        let (registered, _) = self.app.clients.read(&client.id.parse().unwrap()).await.unwrap().unwrap();
        let terms = Terms {
            client: &registered,
            scope: registered.default_scope.clone(),
            issuer: self.url.parse().unwrap(),
            now: self.now(),
        };
        let consent = Consent {
            person,
            authenticated_at: self.now(),
            redirect_uri: REDIRECT_URI,
            redirect_uri_sent: true,
            challenge: Some(Digest::of(&verifier)),
        };
        self.app.grants.issue(&Grant::for_person(terms, &consent, &code)).await.unwrap();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", &verifier),
        ];
        let answer = self.post("/oauth/token").basic(client).form(&form).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }
}
