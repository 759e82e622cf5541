//! The keys that sign ID tokens, by name.

use std::{fmt, str::FromStr};

use serde::Serialize;
use serde_with::DeserializeFromStr;

/// The name of a signing key: the ARN of a KMS key, or [`KeyName::LOCAL`] and an id for a key in a local database.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, DeserializeFromStr)]
#[serde(transparent)]
pub struct KeyName(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ARN of a KMS key, as arn:aws:kms:REGION:ACCOUNT:key/ID")]
pub struct InvalidKeyName;

impl KeyName {
    /// The start of the names of keys in a local database.
    pub const LOCAL: &str = "local/";
    /// The most bytes in a name.
    const MOST_BYTES: usize = 200;

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the key is in a local database, and not in KMS.
    pub fn is_local(&self) -> bool {
        self.0.starts_with(Self::LOCAL)
    }

    /// Returns the region of a KMS key.
    pub fn region(&self) -> Option<&str> {
        self.0.split(':').nth(3)
    }
}

impl FromStr for KeyName {
    type Err = InvalidKeyName;

    fn from_str(text: &str) -> Result<Self, InvalidKeyName> {
        let is_id =
            |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let is_arn = || {
            let parts: Vec<_> = text.split(':').collect();
            match parts.as_slice() {
                ["arn", partition, "kms", region, account, key] => {
                    is_id(partition)
                        && is_id(region)
                        && account.len() == 12
                        && account.bytes().all(|byte| byte.is_ascii_digit())
                        && key.strip_prefix("key/").is_some_and(is_id)
                }
                _ => false,
            }
        };
        let is_local = || text.strip_prefix(Self::LOCAL).is_some_and(is_id);
        if text.len() <= Self::MOST_BYTES && (is_arn() || is_local()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidKeyName)
        }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The keys that a deployment may sign with. None: OpenID Connect is off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningKeys(Vec<Permitted>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Permitted {
    Kms(KeyName),
    /// Every key in the local database.
    Local,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most 4 ARNs of KMS keys with commas between them, or local")]
pub struct InvalidSigningKeys;

impl SigningKeys {
    /// The most keys.
    const MOST: usize = 4;
    /// The word for all keys in the local database.
    pub const LOCAL: &str = "local";

    /// Returns whether OpenID Connect is on.
    pub const fn is_on(&self) -> bool {
        !self.0.is_empty()
    }

    /// Returns whether the deployment may sign with the keys in the local database.
    pub fn permit_local(&self) -> bool {
        self.0.contains(&Permitted::Local)
    }

    /// Returns the names of the keys in KMS.
    pub fn kms_keys(&self) -> impl Iterator<Item = &KeyName> {
        self.0.iter().filter_map(|permitted| match permitted {
            Permitted::Kms(name) => Some(name),
            Permitted::Local => None,
        })
    }

    /// Returns whether the deployment may sign with the key of this name.
    pub fn permit(&self, name: &KeyName) -> bool {
        self.0.iter().any(|permitted| match permitted {
            Permitted::Kms(arn) => arn == name,
            Permitted::Local => name.is_local(),
        })
    }
}

impl FromStr for SigningKeys {
    type Err = InvalidSigningKeys;

    fn from_str(text: &str) -> Result<Self, InvalidSigningKeys> {
        let one = |text: &str| match text {
            Self::LOCAL => Ok(Permitted::Local),
            arn => match arn.parse::<KeyName>() {
                Ok(name) if !name.is_local() => Ok(Permitted::Kms(name)),
                Ok(_) | Err(_) => Err(InvalidSigningKeys),
            },
        };
        let keys: Vec<_> = text.split(',').map(one).collect::<Result<_, _>>()?;
        if keys.len() > Self::MOST { Err(InvalidSigningKeys) } else { Ok(Self(keys)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    #[test]
    fn a_key_is_named_by_its_arn() {
        for good in [ARN, "arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-1234", "local/a1B2"] {
            assert_eq!(good.parse::<KeyName>().unwrap().as_str(), good);
        }
        for bad in ["", "local", "local/", "local/a b", "alias/x", &ARN.replace("key/", "alias/"), &ARN[1..]]
        {
            assert_eq!(bad.parse::<KeyName>(), Err(InvalidKeyName), "{bad}");
        }
    }

    #[test]
    fn a_deployment_signs_with_the_keys_that_it_names() {
        let keys: SigningKeys = ARN.parse().unwrap();
        assert!(keys.is_on() && keys.permit(&ARN.parse().unwrap()));
        assert!(!keys.permit(&"local/a".parse().unwrap()));
        assert!("local".parse::<SigningKeys>().unwrap().permit(&"local/a".parse().unwrap()));
        for bad in ["", ",", "local/a", &format!("{ARN},"), &[ARN; 5].join(",")] {
            assert_eq!(bad.parse::<SigningKeys>(), Err(InvalidSigningKeys), "{bad}");
        }
    }
}
