//! ID tokens that clients send back as an `id_token_hint`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use shared::{
    clients::Registration,
    openid::{IdToken, SigningKey},
    secret::Id,
};

use super::{Registered, Stack, openid::relying_party};

impl Stack {
    /// Registers a client for sign-in with a changed registration.
    pub async fn relying_party_with(&self, change: impl FnOnce(&mut Registration)) -> Registered {
        let mut registration = relying_party();
        change(&mut registration);
        self.register(registration).await
    }

    /// Returns the key that signs now.
    pub async fn signing_key(&self) -> SigningKey {
        let list = self.app.signing_keys.read().await.unwrap();
        list.signing(&self.app.config.signing_keys, self.now()).unwrap().clone()
    }

    /// Signs `message` with the key that signs now, and returns the signature as a JWS has it.
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

    /// Returns an ID token of `client` about `user`, which has expired.
    pub async fn hint(&self, client: &Registered, user: Id) -> String {
        self.hint_with(client, user, Map::new()).await
    }

    /// Returns an ID token with more claims, which has expired.
    pub async fn hint_with(&self, client: &Registered, user: Id, claims: Map<String, Value>) -> String {
        let second = self.now().seconds();
        let token = IdToken {
            iss: &self.url.parse().unwrap(),
            sub: user,
            aud: &client.id.parse().unwrap(),
            exp: second - 1,
            iat: second - 3_601,
            auth_time: second - 7_200,
            nonce: None,
            at_hash: "HK6E_P6Dh8Y93mRNtsDB1Q".to_owned(),
            claims,
        };
        let input = token.signing_input(&self.signing_key().await).unwrap();
        format!("{input}.{}", self.signature(&input).await)
    }
}
