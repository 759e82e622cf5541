//! ID tokens that clients send back as an `id_token_hint`.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use shared::{
    openid::{IdToken, SigningKey},
    secret::Id,
    time::Timestamp,
};

use super::{Registered, Stack};

impl Stack {
    /// Returns the key that signs now.
    pub async fn signing_key(&self) -> SigningKey {
        let list = self.app.signing_keys.read().await.unwrap();
        list.signing(&self.app.config.signing_keys, self.now()).unwrap().clone()
    }

    /// Signs `message` with the key that signs now, and returns the signature in base64url.
    pub async fn signature(&self, message: &str) -> String {
        let key = self.signing_key().await;
        let signer = self.app.signer.as_ref().unwrap();
        URL_SAFE_NO_PAD.encode(signer.sign(&key.name, message.as_bytes()).await.unwrap().bytes)
    }

    /// Returns the signed JWT with this header and payload.
    pub async fn jwt(&self, header: &str, payload: &[u8]) -> String {
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = self.signature(&input).await;
        format!("{input}.{signature}")
    }

    /// Returns an ID token of `client` for the sign-in of `user` at `at`.
    pub async fn id_token(&self, client: &Registered, user: Id, at: Timestamp) -> String {
        self.id_token_with(client, user, at, Map::new()).await
    }

    /// Returns an ID token of `client` about `user`, which has expired.
    pub async fn hint(&self, client: &Registered, user: Id) -> String {
        self.hint_with(client, user, Map::new()).await
    }

    /// Returns an ID token with more claims, which has expired.
    pub async fn hint_with(&self, client: &Registered, user: Id, claims: Map<String, Value>) -> String {
        let an_hour_ago = Timestamp::from_millis(self.now().millis() - 3_600_000);
        self.id_token_with(client, user, an_hour_ago, claims).await
    }

    async fn id_token_with(
        &self,
        client: &Registered,
        user: Id,
        at: Timestamp,
        claims: Map<String, Value>,
    ) -> String {
        let token = IdToken {
            iss: &self.url.parse().unwrap(),
            sub: user,
            aud: &client.id.parse().unwrap(),
            exp: at.after(Duration::from_hours(1)).seconds(),
            iat: at.seconds(),
            auth_time: at.seconds(),
            nonce: None,
            at_hash: "HK6E_P6Dh8Y93mRNtsDB1Q".to_owned(),
            claims,
        };
        let input = token.signing_input(&self.signing_key().await).unwrap();
        format!("{input}.{}", self.signature(&input).await)
    }
}
