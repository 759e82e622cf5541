//! Deployments that permit compatibility switches, and clients with switches.

use jeton::local::{Gateway, route_scopes};
use shared::{
    clients::Registration,
    oauth::{AuthMethod, Switches},
};

use super::{Call, Registered, Stack, code_flow::CALLBACK};

/// The content type of a token request in JSON.
pub const JSON: &str = "application/json;charset=UTF-8";

impl Stack {
    /// Starts a deployment that permits these switches, separated by commas.
    pub async fn permitting(switches: &str) -> Self {
        let switches: Switches = switches.parse().unwrap();
        Self::configured(|config| config.compat = switches).await
    }

    /// Starts a deployment with the sample API, where a user's name and password have the scope `read write`, and a
    /// request without credentials `read`.
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

    /// Returns the fixture `legacy`: confidential, with a redirect URI and these switches.
    pub async fn legacy(&self, switches: &str) -> Registered {
        self.register(legacy(switches)).await
    }

    /// Returns a token request with this JSON body.
    pub fn json_request(&self, body: &serde_json::Value) -> Call {
        self.post("/oauth/token").body(JSON, body.to_string())
    }
}

/// Returns the registration of the fixture `legacy`.
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
