//! Deployments that permit compatibility switches, and clients that have some.

use jeton::local::{Gateway, route_scopes};
use shared::{
    client::{AuthMethod, Registration},
    compat::Switches,
};

use super::{Call, Registered, Stack, person::CALLBACK};

/// Where a token request that is not form-encoded says what it is.
pub const JSON: &str = "application/json;charset=UTF-8";

impl Stack {
    /// A Jeton that permits these switches, with commas between them.
    pub async fn permitting(switches: &str) -> Self {
        let switches: Switches = switches.parse().unwrap();
        Self::configured(|config| config.compat = switches).await
    }

    /// The same with the sample API, where a person's name and password are good for `read` and `write`, and nothing at
    /// all is for `read`.
    pub async fn protecting(switches: &str) -> Self {
        let switches: Switches = switches.parse().unwrap();
        Self::behind(Gateway::start_with_demo, |config| {
            config.compat = switches;
            config.route_scopes = route_scopes();
            config.account.personal_scopes = "read write".parse().unwrap();
            config.account.developer_scopes = "read".parse().unwrap();
            config.basic_scope = "read write".parse().unwrap();
            config.guest_scope = "read".parse().unwrap();
        })
        .await
    }

    /// The fixture `legacy`: confidential, with a redirect URI, and with these switches.
    pub async fn legacy(&self, switches: &str) -> Registered {
        self.register_counted(legacy(switches)).await
    }

    /// Registers a client as the command does: the switches in use are counted.
    pub async fn register_counted(&self, registration: Registration) -> Registered {
        let client = self.register(registration).await;
        self.app.clients.count_switches().await.unwrap();
        client
    }

    /// A token request with this JSON in its body.
    pub fn json_request(&self, body: &serde_json::Value) -> Call {
        self.post("/oauth/token").body(JSON, body.to_string())
    }
}

/// What `legacy` registers as.
pub fn legacy(switches: &str) -> Registration {
    Registration {
        name: "legacy".to_owned(),
        redirect_uris: vec![CALLBACK.to_owned()],
        scope: vec!["read".to_owned(), "write".to_owned()],
        auth_methods: vec![AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost],
        compat: switches.parse().unwrap(),
        ..Registration::default()
    }
}
