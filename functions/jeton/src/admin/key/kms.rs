//! The public key of a KMS key.

use std::time::Duration;

use aws_sdk_kms::{
    config::Region,
    operation::get_public_key::GetPublicKeyOutput,
    types::{KeySpec, KeyUsageType, SigningAlgorithmSpec},
};
use rsa::{pkcs8::DecodePublicKey, traits::PublicKeyParts};
use shared::{
    aws::{self, Patience},
    config::KeyName,
    openid::SigningKey,
    time::Timestamp,
};
use token::kms;

use super::error::{InvalidKey, KmsError};
use crate::admin::error::Error;

/// The key's region may be far from the administrator.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(3),
    attempts: 3,
    operation: Duration::from_secs(10),
    pauses: [Duration::from_millis(100), Duration::from_secs(1)],
};

/// Reads the public key of the KMS key called `name`, and checks that it can sign ID tokens. KMS refuses that for a key
/// that is not enabled.
pub(super) async fn public_key(name: KeyName, now: Timestamp) -> Result<SigningKey, Error> {
    let settings = aws::settings(None).await?;
    check_region(&name, settings.region())?;
    let client = kms::client(&settings, name.region(), PATIENCE);
    let response = client.get_public_key().key_id(name.as_str()).send().await;
    let response = response.map_err(|error| KmsError(kms::reason(&error)))?;
    check(&name, &response)?;
    let der = response.public_key().map(AsRef::as_ref).unwrap_or_default();
    let public = rsa::PublicKey::from_public_key_der(der);
    let public = public.map_err(|error| InvalidKey::Unreadable(error.to_string()))?;
    let (n, e) = (public.n().to_be_bytes_trimmed_vartime(), public.e().to_be_bytes_trimmed_vartime());
    Ok(SigningKey::new(name, &n, &e, now))
}

/// Checks that the key is in the deployment's region, which is that of its tables.
fn check_region(name: &KeyName, deployment: Option<&Region>) -> Result<(), InvalidKey> {
    match (name.region(), deployment.map(AsRef::as_ref)) {
        (Some(key), Some(deployment)) if key != deployment => {
            Err(InvalidKey::Region { key: key.to_owned(), deployment: deployment.to_owned() })
        }
        _ => Ok(()),
    }
}

fn check(name: &KeyName, key: &GetPublicKeyOutput) -> Result<(), InvalidKey> {
    let text = |word: Option<&str>| word.unwrap_or("nothing").to_owned();
    if key.key_id() != Some(name.as_str()) {
        return Err(InvalidKey::Other(text(key.key_id())));
    }
    if key.key_usage() != Some(&KeyUsageType::SignVerify) {
        return Err(InvalidKey::Usage(text(key.key_usage().map(KeyUsageType::as_str))));
    }
    if key.key_spec() != Some(&KeySpec::Rsa2048) {
        return Err(InvalidKey::Kind(text(key.key_spec().map(KeySpec::as_str))));
    }
    if !key.signing_algorithms().contains(&SigningAlgorithmSpec::RsassaPkcs1V15Sha256) {
        return Err(InvalidKey::Algorithm);
    }
    Ok(())
}
