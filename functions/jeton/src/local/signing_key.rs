//! Signing keys in a local database, in the place of KMS's.
//!
//! # Design
//! A program that can read the database can sign with these keys, so they are for a developer's machine. A deployment's
//! keys never leave KMS.

use std::{
    collections::HashMap,
    fmt::Display,
    sync::{Arc, Mutex, PoisonError},
};

use lambda_http::BoxFuture;
use rand::{rand_core::UnwrapErr, rngs::SysRng};
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use rsa::{pkcs8::EncodePrivateKey, traits::PublicKeyParts};
use serde::{Deserialize, Serialize};
use shared::{
    config::KeyName,
    dynamodb::{self, Table},
    endpoint::App,
    openid::{Signature, Signer, SigningError, SigningKey, Start, keys},
    secret::Id,
    time::Timestamp,
};

/// The size of a key's modulus, in bits.
const BITS: usize = 2_048;

/// The `local_key#…` item of the clients table: a private key.
#[derive(Clone, Serialize, Deserialize)]
pub struct PrivateKey {
    pk: String,
    v: u8,
    /// PKCS #8 (RFC 5958), in DER.
    #[serde(with = "serde_bytes")]
    pkcs8: Vec<u8>,
}

/// The reason why a key was not made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    NotMade(String),
    #[error(transparent)]
    List(#[from] keys::WriteError),
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

impl PrivateKey {
    /// Makes a key, and returns it with its public part. It takes some tenths of a second.
    pub fn make(now: Timestamp) -> Result<(Self, SigningKey), Error> {
        let private = rsa::PrivateKey::new(&mut UnwrapErr(SysRng), BITS)
            .map_err(|error| Error::NotMade(error.to_string()))?;
        let pkcs8 = private.to_pkcs8_der().map_err(|error| Error::NotMade(error.to_string()))?;
        let name = format!("{}{}", KeyName::LOCAL, Id::random());
        let name: KeyName = name.parse().map_err(|_| Error::NotMade(name))?;
        let (n, e) = (private.n().to_be_bytes_trimmed_vartime(), private.e().to_be_bytes_trimmed_vartime());
        let key = Self { pk: Self::key(&name), v: 1, pkcs8: pkcs8.as_bytes().to_vec() };
        Ok((key, SigningKey::new(name, &n, &e, now)))
    }

    /// Stores the key in the clients table.
    pub async fn store(&self, clients: &Table) -> Result<(), dynamodb::Error> {
        clients.put(self).await
    }

    fn key(name: &KeyName) -> String {
        let id = name.as_str().strip_prefix(KeyName::LOCAL).unwrap_or_default();
        format!("local_key#{id}")
    }
}

/// Makes the first key, unless one signs already.
pub(super) async fn ensure(app: &App) -> Result<(), Error> {
    let (list, now) = (app.signing_keys.read().await?, app.clock.now());
    if list.signing(&app.config.signing_keys, now).is_some() {
        return Ok(());
    }
    let (private, key) = PrivateKey::make(now)?;
    private.store(app.clients.table()).await?;
    Ok(app.signing_keys.replace(&list, &list.with(key, Start::Now, now)).await?)
}

/// Signs with the keys in a local database.
#[derive(Debug)]
pub struct LocalSigner {
    clients: Table,
    keys: Mutex<HashMap<KeyName, Arc<RsaKeyPair>>>,
}

impl LocalSigner {
    /// Returns the signer with the keys in this clients table.
    pub fn new(clients: Table) -> Self {
        Self { clients, keys: Mutex::default() }
    }

    async fn find(&self, name: &KeyName) -> Result<Arc<RsaKeyPair>, SigningError> {
        let known = self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let local = |error: &dyn Display| SigningError::Local(error.to_string());
        let stored: Option<PrivateKey> =
            self.clients.get(&PrivateKey::key(name)).await.map_err(|error| local(&error))?;
        let stored = stored.ok_or_else(|| local(&"it is not in the database"))?;
        let pair = Arc::new(RsaKeyPair::from_pkcs8(&stored.pkcs8).map_err(|error| local(&error))?);
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), Arc::clone(&pair));
        Ok(pair)
    }
}

impl Signer for LocalSigner {
    fn sign<'a>(
        &'a self,
        key: &'a KeyName,
        message: &'a [u8],
    ) -> BoxFuture<'a, Result<Signature, SigningError>> {
        Box::pin(async move {
            let pair = self.find(key).await?;
            let mut bytes = vec![0; pair.public().modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut bytes)
                .map_err(|error| SigningError::Local(error.to_string()))?;
            Ok(Signature { bytes, request_id: None })
        })
    }
}
