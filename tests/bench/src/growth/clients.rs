//! The registered clients.

use std::io;

use shared::{
    clients::{Client, Lifetimes, Registration},
    endpoint::App,
    oauth::{AuthMethod, ClientId, GrantType},
};

pub(super) const CALLBACK: &str = "https://app.example.com/callback";
/// The lifetime of access tokens: a day, so that none expires while the benchmark runs.
pub(super) const LIFETIME: u32 = 86_400;
/// The scope of every grant.
pub(super) const SCOPE: [&str; 2] = ["read", "write"];

/// A registered client with its secret.
#[derive(Clone)]
pub(super) struct Registered {
    pub(super) client: Client,
    pub(super) secret: String,
}

/// The clients of one deployment.
#[derive(Clone)]
pub(super) struct Clients {
    /// Clients that act for themselves.
    pub(super) machines: Vec<Registered>,
    /// Clients that users consent to.
    pub(super) applications: Vec<Registered>,
    pub(super) resource_server: Registered,
}

impl Clients {
    /// Registers five clients of each kind, and a resource server.
    pub(super) async fn register(app: &App) -> io::Result<Self> {
        let (mut machines, mut applications) = (Vec::new(), Vec::new());
        for nth in 0..5 {
            machines.push(register(app, machine()).await?);
            applications.push(register(app, application(&format!("application {nth}"))).await?);
        }
        let resource_server = Registration {
            name: "resource server".to_owned(),
            resource_server: true,
            ..Registration::default()
        };
        Ok(Self { machines, applications, resource_server: register(app, resource_server).await? })
    }
}

pub(super) async fn register(app: &App, registration: Registration) -> io::Result<Registered> {
    let accepted = registration.accept(ClientId::random(), app.clock.now());
    let (client, secret) = accepted.map_err(io::Error::other)?;
    app.clients.create(&client).await.map_err(io::Error::other)?;
    let secret = secret.map(|secret| secret.expose().to_owned()).unwrap_or_default();
    Ok(Registered { client, secret })
}

/// Returns the registration of a client that acts for itself.
pub(super) fn machine() -> Registration {
    Registration {
        name: "machine".to_owned(),
        grant_types: vec![GrantType::ClientCredentials],
        ..confidential()
    }
}

/// Returns the registration of a client that users consent to.
pub(super) fn application(name: &str) -> Registration {
    Registration { name: name.to_owned(), redirect_uris: vec![CALLBACK.to_owned()], ..confidential() }
}

fn confidential() -> Registration {
    Registration {
        auth_methods: vec![AuthMethod::ClientSecretBasic],
        scope: SCOPE.map(str::to_owned).to_vec(),
        lifetimes: Lifetimes { access_token: LIFETIME, ..Lifetimes::default() },
        ..Registration::default()
    }
}
