//! Digests, which the tables store instead of secrets.

use std::{
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use super::{Id, encoding::number};

/// The SHA-256 digest of a secret of kind `K`. Compared in constant time; stored as Binary.
pub struct Digest<K>([u8; 32], PhantomData<fn() -> K>);

impl<K> Digest<K> {
    /// Hashes `text`, the whole token string.
    pub fn of(text: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(text).into(), PhantomData)
    }

    /// Wraps a digest that was computed elsewhere: a code challenge (RFC 7636 §4.2).
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes, PhantomData)
    }

    /// Returns the digest that replaces a revoked secret's: no string with it can be found.
    pub const fn impossible() -> Self {
        Self([0; 32], PhantomData)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the first 128 bits in hexadecimal: a name of the secret that does not reveal it, for `jti` (RFC 7662 §2.2)
    /// and logs.
    pub fn name(&self) -> String {
        hex::encode(self.0.split_at(16).0)
    }

    /// Returns the id that is the first 128 bits, for an item whose key follows from its content.
    pub fn id(&self) -> Id {
        Id::from_bits(number(self.0.split_at(16).0))
    }
}

impl<K> Clone for Digest<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Digest<K> {}

impl<K> PartialEq for Digest<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl<K> Eq for Digest<K> {}

impl<K> Hash for Digest<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K> fmt::Debug for Digest<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({}…)", self.name())
    }
}

impl<K> Serialize for Digest<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de, K> Deserialize<'de> for Digest<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<K>(PhantomData<fn() -> K>);

        impl<K> de::Visitor<'_> for Visitor<K> {
            type Value = Digest<K>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the 32 bytes of a SHA-256 digest")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                let bytes = bytes.try_into().map_err(|_| E::invalid_length(bytes.len(), &self))?;
                Ok(Digest(bytes, PhantomData))
            }
        }

        deserializer.deserialize_bytes(Visitor(PhantomData))
    }
}
