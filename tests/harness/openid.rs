//! OpenID Connect, with a signing key in the database.

use std::sync::{Arc, LazyLock};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton::local::{Gateway, LocalSigner, PrivateKey, listen};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::Value;
use shared::{
    clients::Registration,
    config::SigningKeys,
    endpoint::App,
    grants::Grant,
    log::{Level, Log},
    openid::{Claim, Claims, Signer, SigningKey, Start},
    secret::{AuthorizationCode, Id, Secret},
    time::Timestamp,
};

use super::{
    Registered, Stack,
    code_flow::{CALLBACK, Request},
};

/// The signing key of every test: to make one takes some tenths of a second.
static KEY: LazyLock<(PrivateKey, SigningKey)> =
    LazyLock::new(|| PrivateKey::make(Timestamp::from_millis(0)).unwrap());

/// The scope of an OpenID Connect request.
pub const SCOPE: &str = "openid profile email";
/// The nonce of an OpenID Connect request.
pub const NONCE: &str = "n-0S6_WzA2Mj";

/// An ID token whose signature is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub header: String,
    pub payload: String,
}

impl Verified {
    /// Returns the claims.
    pub fn claims(&self) -> Value {
        serde_json::from_str(&self.payload).unwrap()
    }
}

impl Stack {
    /// Starts a deployment with OpenID Connect on.
    pub async fn with_openid() -> Self {
        Self::configured(|config| config.signing_keys = SigningKeys::LOCAL.parse().unwrap()).await
    }

    /// Signs with `signer` from now on, at another URL. The issuer stays.
    #[expect(clippy::used_underscore_binding, reason = "the gateway that served until then is replaced")]
    pub async fn sign_with(&mut self, signer: Arc<dyn Signer>) {
        let (config, log) = (self.app.config.clone(), Log::new(Level::Debug, self.log.clone()));
        let app = App::new(config, self.app.grants.table().client(), self.app.clock.clone(), log);
        let listener = listen(0, "").await.unwrap();
        self.url = format!("http://{}", listener.local_addr().unwrap());
        self.app = Arc::new(app.signing_with(signer));
        self._gateway = Gateway::start(Arc::clone(&self.app), listener).unwrap();
    }

    /// Registers a client for sign-in, which gets ID tokens at redemptions only.
    pub async fn relying_party(&self) -> Registered {
        self.register(relying_party()).await
    }

    /// Registers a client for sign-in with a changed registration.
    pub async fn relying_party_with(&self, change: impl FnOnce(&mut Registration)) -> Registered {
        let mut registration = relying_party();
        change(&mut registration);
        self.register(registration).await
    }

    /// Registers a client for sign-in, which gets ID tokens at refreshes, too.
    pub async fn refreshing_party(&self) -> Registered {
        self.relying_party_with(|registration| registration.id_token_on_refresh = true).await
    }

    /// Returns the code that `client` gets for an OpenID Connect request with a nonce.
    pub async fn openid_code(&self, client: &Registered, user: Id) -> String {
        self.issue_code(client, user, Request { scope: SCOPE, nonce: Some(NONCE), ..Request::default() })
            .await
    }

    /// Records the user's name and verified e-mail address.
    pub async fn record_claims(&self, user: Id, name: &str, email: &str) {
        let mut claims = Claims::none(user);
        claims.set(Claim::Name, name).unwrap();
        claims.set(Claim::Email, email).unwrap();
        claims.verify_email().unwrap();
        self.users().put(&claims).await.unwrap();
    }

    /// Adds `key` to the signing keys, as `jeton key add` does, and returns its id.
    pub async fn list_key(&self, key: SigningKey, start: Start) -> String {
        let kid = key.kid.clone();
        list_key(&self.app, key, start).await;
        kid
    }

    /// Adds the key with this ARN, without KMS.
    pub async fn list_arn(&self, arn: &str, start: Start) -> String {
        let key = SigningKey::new(arn.parse().unwrap(), arn.as_bytes(), &[1, 0, 1], self.now());
        self.list_key(key, start).await
    }

    /// Returns the grant of `code`.
    pub async fn grant_of_code(&self, code: &str) -> Grant {
        let code = Secret::<AuthorizationCode>::parse(code).unwrap();
        self.app.grants.find(code.id()).await.unwrap().unwrap()
    }

    /// Redeems `code`, and returns the ID token.
    pub async fn signed_in_with(&self, client: &Registered, code: &str) -> Verified {
        let response = self.redeem(client, code).await;
        assert_eq!(response.status, 200, "{}", response.text);
        self.verified(response.json()["id_token"].as_str().unwrap()).await
    }

    /// Returns the number of signatures.
    pub fn signatures(&self) -> usize {
        self.audited("id_token_signed").len()
    }

    /// Verifies an ID token with the published key that it names.
    pub async fn verified(&self, id_token: &str) -> Verified {
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        let text = |part: &str| String::from_utf8(decode(part)).unwrap();
        let (input, signature) = id_token.rsplit_once('.').unwrap();
        let (header, payload) = input.split_once('.').unwrap();
        let (header, payload) = (text(header), text(payload));
        let kid = serde_json::from_str::<Value>(&header).unwrap()["kid"].clone();
        let list = self.app.signing_keys.read().await.unwrap();
        let mut published = list.published(&self.app.config.signing_keys, self.now());
        let key = published.find(|key| key.kid == kid).unwrap();
        let public = RsaPublicKeyComponents { n: decode(&key.n), e: decode(&key.e) };
        public.verify(&RSA_PKCS1_2048_8192_SHA256, input.as_bytes(), &decode(signature)).unwrap();
        Verified { header, payload }
    }
}

/// Returns the registration of a client for sign-in.
pub fn relying_party() -> Registration {
    Registration {
        name: "rp".to_owned(),
        redirect_uris: vec![CALLBACK.to_owned()],
        scope: ["openid", "profile", "email", "groups", "read"].map(str::to_owned).to_vec(),
        ..Registration::default()
    }
}

/// Adds the signing key to the deployment, if it signs with local keys and has none. The key signs at once, and is in the
/// memory of the app, so that no test counts its reading.
pub(super) async fn sign_locally(app: App) -> App {
    let (private, key) = LazyLock::force(&KEY);
    if !app.config.signing_keys.permit(&key.name) {
        return app;
    }
    let list = app.signing_keys.read().await.unwrap();
    if list.keys().is_empty() {
        private.store(app.clients.table()).await.unwrap();
        list_key(&app, key.clone(), Start::Now).await;
    }
    let signer = LocalSigner::new(app.clients.table().clone());
    // No function may read private keys: the signer remembers them.
    let listed = list.keys().iter().map(|key| &key.name);
    for name in listed.chain([&key.name]) {
        let _ = signer.sign(name, b"").await;
    }
    app.signing_with(Arc::new(signer))
}

async fn list_key(app: &App, key: SigningKey, start: Start) {
    let list = app.signing_keys.read().await.unwrap();
    app.signing_keys.replace(&list, &list.with(key, start, app.clock.now())).await.unwrap();
}
