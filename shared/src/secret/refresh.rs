//! Derivation of a refresh token's successors: the tokens that its rotation issues.

use hmac::Mac;
use zeroize::Zeroizing;

use super::{AccessToken, Digest, Family, RefreshToken, Secret};

impl Secret<RefreshToken> {
    /// Returns the digest of the family's bits.
    pub fn family(&self) -> Digest<Family> {
        Digest::of(self.lineage().family)
    }

    /// Returns the number of rotations that led to the token, as its string claims. It is true if the grant has the
    /// token's digest.
    pub fn generation(&self) -> u64 {
        self.lineage().generation
    }

    /// Returns the refresh token that follows this one in the rotation with this nonce.
    #[must_use]
    pub fn successor(&self, nonce: &[u8; 32]) -> Self {
        Self::of_lineage(self.id(), &self.derive(b"refresh", nonce), &self.lineage().next())
    }

    /// Returns the access token that is issued in the rotation with this nonce.
    pub fn successor_access(&self, nonce: &[u8; 32]) -> Secret<AccessToken> {
        Secret::new(self.id(), &self.derive(b"access", nonce))
    }

    /// Returns the HMAC of `purpose` and `nonce` under this token's key. It takes the token and the item to compute it
    /// again; one of the two reveals nothing.
    fn derive(&self, purpose: &[u8], nonce: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        let mut mac = self.hmac();
        mac.update(purpose);
        mac.update(nonce);
        Zeroizing::new(mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{Id, Lineage, random};

    #[test]
    fn a_refresh_token_is_followed_by_one_of_the_next_generation() {
        let lineage = Lineage { generation: 61, ..Lineage::first(random()) };
        let token = Secret::of_lineage(Id::random(), &random(), &lineage);
        let next = Secret::<RefreshToken>::parse(token.successor(&[1; 32]).expose()).unwrap();
        assert_eq!((next.id(), next.generation()), (token.id(), 62));
        assert_eq!(next.family(), token.family());
        assert_eq!(next.expose().len(), Secret::<RefreshToken>::LENGTH);
        // The last generation is its own successor: nothing overflows.
        let last = Lineage { generation: u64::MAX, ..lineage };
        let last = Secret::of_lineage(Id::random(), &random(), &last);
        assert_eq!(last.successor(&[1; 32]).generation(), Lineage::LAST_GENERATION);
    }
}
