//! Test clients: registration and administration.

use std::time::Duration;

use shared::{
    clients::{Client, Listed, Registration},
    oauth::{AuthMethod, ClientId, GrantType},
    secret::{ClientSecret, Id, Secret, random},
};

use super::Stack;

/// A registered client with its secret.
#[derive(Clone, Debug)]
pub struct Registered {
    pub id: String,
    /// Empty for a public client.
    pub secret: String,
}

impl Registered {
    /// Returns the client with another secret.
    pub fn with_secret(&self, secret: &str) -> Self {
        Self { secret: secret.to_owned(), ..self.clone() }
    }

    /// Returns the client with a well-formed secret that no client has.
    pub fn with_wrong_secret(&self) -> Self {
        self.with_secret(new_secret().expose())
    }
}

impl Stack {
    /// Registers a client.
    pub async fn register(&self, registration: Registration) -> Registered {
        let (client, secret) = registration.accept(ClientId::random(), self.now()).unwrap();
        self.app.clients.create(&client).await.unwrap();
        let secret = secret.map(|secret| secret.expose().to_owned()).unwrap_or_default();
        Registered { id: client.id.to_string(), secret }
    }

    /// Returns the fixture `machine`: `client_credentials` only, scope `read write`.
    pub async fn machine(&self) -> Registered {
        self.register(machine()).await
    }

    /// Returns the fixture `rs`: a resource server.
    pub async fn resource_server(&self) -> Registered {
        self.register(Registration {
            resource_server: true,
            name: "rs".to_owned(),
            ..Registration::default()
        })
        .await
    }

    /// Returns the fixture `web`: confidential, with redirect URIs.
    pub async fn web(&self) -> Registered {
        self.register(Registration {
            name: "web".to_owned(),
            redirect_uris: vec!["https://app.example.com/oauth/callback".to_owned()],
            scope: vec!["read".to_owned(), "write".to_owned()],
            ..machine_methods()
        })
        .await
    }

    /// Returns the fixture `public`: a native or browser application.
    pub async fn public(&self) -> Registered {
        self.register(Registration {
            name: "public".to_owned(),
            public: true,
            redirect_uris: vec!["http://127.0.0.1/cb".to_owned()],
            scope: vec!["read".to_owned()],
            ..Registration::default()
        })
        .await
    }

    /// Returns the number of clients that administrators and developers registered.
    pub async fn clients(&self) -> usize {
        self.app.clients.list(Listed::Administered).await.unwrap().clients.len()
    }

    /// Returns the stored client.
    pub async fn stored_client(&self, client: &Registered) -> Client {
        self.app.clients.read(&client.id.parse().unwrap()).await.unwrap().unwrap().0
    }

    /// Gives `client` a new secret. The previous one works for another `overlap`.
    pub async fn rotate_secret(&self, client: &Registered, overlap: Duration) -> Registered {
        let (kept, secret) = (self.stored_client(client).await, new_secret());
        let secrets = kept.rotated(&secret, self.now(), overlap);
        self.app.clients.replace_secrets(&kept, &secrets).await.unwrap();
        client.with_secret(secret.expose())
    }

    /// Changes the registration of `client`.
    pub async fn amend(&self, client: &Registered, change: impl FnOnce(&mut Registration)) {
        let kept = self.stored_client(client).await;
        let mut registration = Registration::of(&kept);
        change(&mut registration);
        self.app.clients.update(&kept, &registration.update(&kept).unwrap()).await.unwrap();
    }

    /// Disables `client`.
    pub async fn disable(&self, client: &Registered) {
        self.app.clients.disable(&client.id.parse().unwrap(), self.now()).await.unwrap();
    }

    /// Enables `client`.
    pub async fn enable(&self, client: &Registered) {
        self.app.clients.enable(&client.id.parse().unwrap()).await.unwrap();
    }

    /// Deletes `client`.
    pub async fn delete(&self, client: &Registered) {
        self.app.clients.delete(&client.id.parse().unwrap()).await.unwrap();
    }
}

/// Returns a secret that no client has.
fn new_secret() -> Secret<ClientSecret> {
    Secret::new(Id::random(), &random())
}

/// Returns the registration of the fixture `machine`.
pub fn machine() -> Registration {
    Registration {
        name: "machine".to_owned(),
        grant_types: vec![GrantType::ClientCredentials],
        scope: vec!["read".to_owned(), "write".to_owned()],
        ..machine_methods()
    }
}

fn machine_methods() -> Registration {
    Registration {
        auth_methods: vec![AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost],
        ..Registration::default()
    }
}
