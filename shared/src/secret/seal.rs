//! HMAC-SHA-256 under the key of a secret.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Id, Kind, Secret, encoding::number};

impl<K: Kind> Secret<K> {
    /// Returns the HMAC of `parts` under this secret's key, which only a holder of the secret can compute. The length
    /// of each part is included, so that the parts cannot be shifted.
    ///
    /// # Panics
    /// Never: HMAC takes keys of any length.
    pub fn seal(&self, parts: &[&str]) -> Zeroizing<[u8; 32]> {
        let mut mac = self.hmac();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    /// Returns the first 128 bits of [`Secret::seal`] as an id.
    pub fn seal_id(&self, parts: &[&str]) -> Id {
        let sealed = self.seal(parts);
        Id::from_bits(number(sealed.split_at(16).0))
    }

    /// Returns whether `sealed`, in hexadecimal, is the [`Secret::seal`] of `parts`.
    pub fn has_sealed(&self, parts: &[&str], sealed: &str) -> bool {
        let presented = hex::decode(sealed).unwrap_or_default();
        self.seal(parts).as_slice().ct_eq(&presented).into()
    }

    pub(super) fn hmac(&self) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        Hmac::new_from_slice(self.key().as_slice()).expect("a key of any length")
    }
}
