//! OpenID Connect, with a signing key in the database.

use std::sync::LazyLock;

use jeton::local::PrivateKey;
use shared::{config::SigningKeys, endpoint::App, openid::SigningKey, time::Timestamp};

use super::Stack;

/// The signing key of every test: to make one takes some tenths of a second.
static KEY: LazyLock<(PrivateKey, SigningKey)> =
    LazyLock::new(|| PrivateKey::make(Timestamp::from_millis(0)).unwrap());

impl Stack {
    /// Starts a deployment with OpenID Connect on.
    pub async fn with_openid() -> Self {
        Self::configured(|config| config.signing_keys = SigningKeys::LOCAL.parse().unwrap()).await
    }
}

/// Adds the signing key to the deployment, if keys in the database sign its ID tokens. It signs at once.
pub(super) async fn add_key(app: &App) {
    if app.config.signing_keys == SigningKeys::LOCAL.parse().unwrap() {
        let (private, key) = LazyLock::force(&KEY);
        private.store(app.clients.table()).await.unwrap();
        let list = app.signing_keys.read().await.unwrap();
        let changed = list.with(key.clone(), true, app.clock.now());
        app.signing_keys.replace(&list, &changed).await.unwrap();
    }
}
