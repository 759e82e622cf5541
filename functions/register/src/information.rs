//! The client information response (RFC 7591 §3.2.1).

use serde::Serialize;
use shared::{
    clients::SelfRegistered,
    oauth::{AuthMethod, ClientId, GrantType},
};

/// The body of the response: the client's credentials, and all of its metadata that are kept.
#[derive(Serialize)]
pub(crate) struct ClientInformation<'a> {
    client_id: &'a ClientId,
    /// In epoch seconds: when the client registered first.
    client_id_issued_at: u64,
    #[serde(flatten)]
    secret: Option<Secret<'a>>,
    client_name: &'a str,
    redirect_uris: &'a [String],
    grant_types: &'a [GrantType],
    response_types: &'static [&'static str],
    /// Of a client that may use either method with a secret: the RFC's default (§2).
    token_endpoint_auth_method: AuthMethod,
}

/// The members that only a confidential client gets.
#[derive(Serialize)]
struct Secret<'a> {
    client_secret: &'a str,
    /// 0: the secret does not expire.
    client_secret_expires_at: u64,
}

impl<'a> ClientInformation<'a> {
    pub(crate) fn of(registered: &'a SelfRegistered) -> Self {
        let client = &registered.client;
        let secret = registered.secret.as_ref();
        Self {
            client_id: &client.id,
            client_id_issued_at: client.created_at.seconds(),
            secret: secret
                .map(|secret| Secret { client_secret: secret.expose(), client_secret_expires_at: 0 }),
            client_name: &client.name,
            redirect_uris: &client.redirect_uris,
            grant_types: &client.grant_types,
            response_types: &["code"],
            token_endpoint_auth_method: *client
                .auth_methods
                .first()
                .unwrap_or(&AuthMethod::ClientSecretBasic),
        }
    }
}
