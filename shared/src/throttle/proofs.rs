//! Passwords that this instance has verified in the last minute, so that a program that sends one with every call costs
//! one hash and one reservation a minute.
//!
//! # Design
//! Kept is an HMAC of account and password under a random key that never leaves the process, with the stored hash that
//! the password matched. A proof is good only as long as that is still the stored hash, and the user's standing is read
//! as always. Only right passwords are kept, so nobody can fill the memory, and a wrong one is never recognised.

use std::{
    fmt,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hmac::{Hmac, KeyInit, Mac};
use lru::LruCache;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Account;
use crate::{time::Timestamp, user::PasswordHash};

/// How long a proof is good.
const LIFETIME: Duration = Duration::from_mins(1);
/// The most proofs that are kept.
const MOST: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

/// Passwords that were verified a moment ago.
pub struct Proofs {
    key: Zeroizing<[u8; 32]>,
    recent: Mutex<LruCache<[u8; 32], (Timestamp, PasswordHash)>>,
}

impl Proofs {
    /// No proofs yet; those to come are kept under `key`.
    pub fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self { key, recent: Mutex::new(LruCache::new(MOST)) }
    }

    /// The hash that `password` was verified against for `account`.
    pub(super) fn find(&self, account: Account, password: &str, now: Timestamp) -> Option<PasswordHash> {
        let tag = self.tag(account, password);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let (proven_at, hash) = recent.get(&tag)?;
        (*proven_at <= now && now.since(*proven_at) < LIFETIME).then(|| hash.clone())
    }

    /// Remembers that `password` matched `hash` at `now`.
    pub(super) fn remember(&self, account: Account, password: &str, hash: &PasswordHash, now: Timestamp) {
        let tag = self.tag(account, password);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        // A proof does not renew itself.
        if recent.get(&tag).is_none_or(|(at, known)| known != hash || now.since(*at) >= LIFETIME) {
            recent.put(tag, (now, hash.clone()));
        }
    }

    fn tag(&self, account: Account, password: &str) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_slice()).expect("a key of any length");
        // The account's digest has a fixed length.
        mac.update(account.0.as_bytes());
        mac.update(password.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proofs(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::{Password, password};

    fn hash() -> PasswordHash {
        password::hash(Password::new("correct horse".to_owned()).unwrap())
    }

    #[test]
    fn a_proof_is_of_one_password_of_one_account_for_a_minute() {
        let (proofs, hash) = (Proofs::new(Zeroizing::new([7; 32])), hash());
        let (ada, now) = (Account::typed("ada"), Timestamp::from_millis(1_000_000));
        proofs.remember(ada, "correct horse", &hash, now);
        assert!(proofs.find(Account::typed("ADA"), "correct horse", now).is_some_and(|found| found == hash));
        for (account, password) in [("ada", "correct hors"), ("eve", "correct horse"), ("ada", "")] {
            assert!(proofs.find(Account::typed(account), password, now).is_none());
        }
        let last = Timestamp::from_millis(now.after(LIFETIME).millis() - 1);
        proofs.remember(ada, "correct horse", &hash, last);
        assert!(proofs.find(ada, "correct horse", last).is_some());
        assert!(proofs.find(ada, "correct horse", now.after(LIFETIME)).is_none(), "nor renewed by its use");
        assert!(
            proofs.find(ada, "correct horse", Timestamp::from_millis(0)).is_none(),
            "nor by a clock set back"
        );
    }

    #[test]
    fn proofs_are_bounded_and_print_nothing() {
        let (proofs, hash) = (Proofs::new(Zeroizing::new([7; 32])), hash());
        let now = Timestamp::from_millis(1);
        for nth in 0..=MOST.get() {
            proofs.remember(Account::typed(&format!("user-{nth}")), "correct horse", &hash, now);
        }
        assert!(proofs.find(Account::typed("user-0"), "correct horse", now).is_none());
        assert!(proofs.find(Account::typed("user-1"), "correct horse", now).is_some());
        assert_eq!(format!("{proofs:?}"), "Proofs(redacted)");
    }
}
