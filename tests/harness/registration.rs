//! Clients that register themselves.

use serde_json::{Value, json};
use shared::{
    clients::{RedirectUris, SelfRegistration, life},
    config::{RegistrationMode, Schemes},
    oauth::AuthMethod,
};

use super::{Call, Registered, Stack};

/// The path of the registration endpoint.
pub const REGISTER: &str = "/oauth/register";

impl Stack {
    /// Starts a deployment in which clients may register themselves.
    pub async fn with_registration() -> Self {
        Self::configured(|config| config.registration.mode = RegistrationMode::Open).await
    }

    /// Begins the registration of a client with these metadata.
    pub fn registration(&self, metadata: &Value) -> Call {
        self.post(REGISTER).body("application/json", metadata.to_string())
    }

    /// Registers a client with these metadata, and returns the response, which must be a success.
    pub async fn self_register(&self, metadata: &Value) -> Value {
        let response = self.registration(metadata).send().await;
        assert_eq!(response.status, 201, "{metadata}: {}", response.text);
        response.is_not_stored();
        response.json()
    }

    /// Stores a client that registers itself, whether or not the deployment lets it: it lives for 30 days. The same public
    /// client twice is one.
    pub async fn self_registered(&self, registration: SelfRegistration) -> Registered {
        let registered = self.app.clients.register(&registration, self.now()).await.unwrap();
        let secret = registered.secret.map(|secret| secret.expose().to_owned()).unwrap_or_default();
        Registered { id: registered.client.id.to_string(), secret }
    }

    /// Lets a client that registered itself live on, as a consent does.
    pub async fn renew(&self, client: &Registered) {
        let (stored, now) = (self.stored_client(client).await, self.now());
        if stored.needs_renewal(now) {
            self.app.clients.renew(&stored, now.after(life::USED)).await.unwrap();
        }
    }

    /// Returns the number of stored clients that registered themselves, and that of their statuses.
    pub async fn count_of_self_registered(&self) -> (usize, usize) {
        let items = self.app.clients.table().all().await.unwrap();
        let count = |prefix| items.iter().filter(|item| key(item).starts_with(prefix)).count();
        (count("client#d-"), count("status#d-"))
    }
}

fn key(item: &shared::dynamodb::Item) -> &str {
    item["pk"].as_s().unwrap()
}

/// Returns the metadata of a public client with this name, at the fixture's callback.
pub fn public_metadata(name: &str) -> Value {
    json!({
        "client_name": name,
        "redirect_uris": ["http://127.0.0.1/cb"],
        "token_endpoint_auth_method": "none",
    })
}

/// Returns the registration of a program on the user's computer.
pub fn tool() -> SelfRegistration {
    SelfRegistration {
        name: Some("Code Tool".to_owned()),
        redirect_uris: redirect_uris(&["http://localhost:3334/callback"]),
        auth_method: Some(AuthMethod::None),
    }
}

/// Returns redirect URIs that are all acceptable.
pub fn redirect_uris(uris: &[&str]) -> RedirectUris {
    let accepted =
        |uri: &&str| RedirectUris::acceptable(vec![(*uri).to_owned()], &Schemes::default()).is_ok();
    assert!(uris.iter().all(accepted), "{uris:?}");
    RedirectUris::acceptable(uris.iter().map(|&uri| uri.to_owned()).collect(), &Schemes::default()).unwrap()
}

impl Registered {
    /// Returns the client that a registration response describes.
    pub fn of(information: &Value) -> Self {
        let text = |member: &str| information[member].as_str().unwrap_or_default().to_owned();
        Self { id: text("client_id"), secret: text("client_secret") }
    }
}
