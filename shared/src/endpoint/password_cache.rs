//! A cache of passwords that this instance has verified in the last minute. A program that sends a password with every
//! call costs one hash and one reservation a minute.
//!
//! # Design
//! An entry is an HMAC of account and password under a random key that never leaves the process, with the stored hash
//! that the password matched. It counts only while that is still the stored hash, and the user's standing is read as
//! always. Only right passwords are cached, so an attacker cannot fill the memory, and a wrong password never matches.

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

use crate::{
    time::Timestamp,
    users::{PasswordHash, rate_limit::Account},
};

/// How long an entry is valid.
const LIFETIME: Duration = Duration::from_mins(1);
/// The most entries.
const MOST: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

/// Passwords that were verified in the last minute.
pub struct PasswordCache {
    key: Zeroizing<[u8; 32]>,
    recent: Mutex<LruCache<[u8; 32], (Timestamp, PasswordHash)>>,
}

impl PasswordCache {
    /// Returns an empty cache that keys its HMACs with `key`.
    pub fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self { key, recent: Mutex::new(LruCache::new(MOST)) }
    }

    /// Returns the stored hash that `password` matched for `account`.
    pub(super) fn find(&self, account: Account, password: &str, now: Timestamp) -> Option<PasswordHash> {
        let tag = self.tag(account, password);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let (verified_at, hash) = recent.get(&tag)?;
        (*verified_at <= now && now.since(*verified_at) < LIFETIME).then(|| hash.clone())
    }

    /// Remembers that `password` matched `hash` at `now`.
    pub(super) fn remember(&self, account: Account, password: &str, hash: &PasswordHash, now: Timestamp) {
        let tag = self.tag(account, password);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        // Using an entry does not renew it.
        if recent.get(&tag).is_none_or(|(at, known)| known != hash || now.since(*at) >= LIFETIME) {
            recent.put(tag, (now, hash.clone()));
        }
    }

    fn tag(&self, account: Account, password: &str) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_slice()).expect("a key of any length");
        // The account's digest has a fixed length, so the two parts cannot be confused.
        mac.update(account.0.as_bytes());
        mac.update(password.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for PasswordCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordCache(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::{Password, password};

    fn hash() -> PasswordHash {
        password::hash(Password::new("correct horse".to_owned()).unwrap())
    }

    #[test]
    fn an_entry_is_for_one_password_of_one_account_for_a_minute() {
        let (cache, hash) = (PasswordCache::new(Zeroizing::new([7; 32])), hash());
        let (ada, now) = (Account::named("ada"), Timestamp::from_millis(1_000_000));
        cache.remember(ada, "correct horse", &hash, now);
        assert!(cache.find(Account::named("ADA"), "correct horse", now).is_some_and(|found| found == hash));
        for (account, password) in [("ada", "correct hors"), ("eve", "correct horse"), ("ada", "")] {
            assert!(cache.find(Account::named(account), password, now).is_none());
        }
        let last = Timestamp::from_millis(now.after(LIFETIME).millis() - 1);
        cache.remember(ada, "correct horse", &hash, last);
        assert!(cache.find(ada, "correct horse", last).is_some());
        assert!(cache.find(ada, "correct horse", now.after(LIFETIME)).is_none(), "use does not renew it");
        assert!(
            cache.find(ada, "correct horse", Timestamp::from_millis(0)).is_none(),
            "nor does a clock that goes back"
        );
    }

    #[test]
    fn the_cache_is_bounded_and_prints_nothing() {
        let (cache, hash) = (PasswordCache::new(Zeroizing::new([7; 32])), hash());
        let now = Timestamp::from_millis(1);
        for nth in 0..=MOST.get() {
            cache.remember(Account::named(&format!("user-{nth}")), "correct horse", &hash, now);
        }
        assert!(cache.find(Account::named("user-0"), "correct horse", now).is_none());
        assert!(cache.find(Account::named("user-1"), "correct horse", now).is_some());
        assert_eq!(format!("{cache:?}"), "PasswordCache(redacted)");
    }
}
