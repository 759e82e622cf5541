//! Passwords, and the Argon2id hashes that stand for them at rest (RFC 9106).
//!
//! # Design
//! Unlike a token, a password is something that can be guessed: its hash costs 19 MiB and two passes, which OWASP's
//! Password Storage Cheat Sheet asks for at least. That keeps a processor busy for tens of milliseconds, so [`hash`] and [`verify`] are
//! for threads that may block; [`hash_async`] and [`verify_async`] are for everything else.

use std::{fmt, str::FromStr, sync::LazyLock};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::PasswordHash as Phc,
};
use serde::{Deserialize, Deserializer, Serialize, de};
use zeroize::Zeroizing;

use crate::secret::random;

/// KiB of memory that a hash takes.
const MEMORY: u32 = 19_456;
/// Passes over that memory.
const PASSES: u32 = 2;
/// Lanes that could be filled at once.
const LANES: u32 = 1;

/// A password in plain text: wiped when dropped, printed by nothing.
///
/// ```compile_fail
/// fn shown(password: shared::user::Password) -> String { password.to_string() }
/// ```
/// ```compile_fail
/// fn kept(password: &shared::user::Password) -> String { serde_json::to_string(password).unwrap() }
/// ```
pub struct Password(Zeroizing<String>);

/// A password that cannot be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It can be guessed too easily.
    #[error("a password has at least {} bytes", Password::FEWEST_BYTES)]
    TooShort,
    /// Hashing it would be somebody else's work.
    #[error("a password has at most {} bytes", Password::MOST_BYTES)]
    TooLong,
}

impl Password {
    /// The fewest bytes in a password that is chosen.
    pub const FEWEST_BYTES: usize = 8;
    /// The most bytes in a password.
    pub const MOST_BYTES: usize = 1_024;

    /// A password that somebody chooses.
    pub fn new(text: String) -> Result<Self, Unusable> {
        let text = Zeroizing::new(text);
        match text.len() {
            0..Self::FEWEST_BYTES => Err(Unusable::TooShort),
            Self::FEWEST_BYTES..=Self::MOST_BYTES => Ok(Self(text)),
            _ => Err(Unusable::TooLong),
        }
    }

    /// A password that somebody tries; none if nobody can have it. Whoever chose theirs under older rules may have a
    /// shorter one than could be chosen now.
    pub fn typed(text: &str) -> Option<Self> {
        (1..=Self::MOST_BYTES).contains(&text.len()).then(|| Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

/// What is kept of a password: a PHC string, `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`. Printed by nothing.
///
/// ```compile_fail
/// fn shown(hash: shared::user::PasswordHash) -> String { hash.to_string() }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

/// Text that is not a whole Argon2 hash in PHC form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a whole Argon2 hash in PHC form")]
pub struct NoHash;

impl PasswordHash {
    fn phc(&self) -> Result<Phc, NoHash> {
        let phc = Phc::new(&self.0).map_err(|_| NoHash)?;
        let usable = Algorithm::try_from(phc.algorithm.as_str()).is_ok() && Params::try_from(&phc).is_ok();
        if usable && phc.salt.is_some() && phc.hash.is_some() { Ok(phc) } else { Err(NoHash) }
    }
}

impl FromStr for PasswordHash {
    type Err = NoHash;

    fn from_str(text: &str) -> Result<Self, NoHash> {
        let hash = Self(text.to_owned());
        hash.phc().map(|_| hash)
    }
}

impl<'de> Deserialize<'de> for PasswordHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(redacted)")
    }
}

/// What became of a password that somebody tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whether it is theirs.
    pub matches: bool,
    /// Whether its hash was made with other parameters than today's, so that it should be made again, now that the
    /// password is at hand. Never if it does not match.
    pub outdated: bool,
}

/// What is to be kept of `password`. It blocks: see [`hash_async`].
///
/// # Panics
/// If the machine has not the memory that a hash takes.
#[expect(clippy::needless_pass_by_value, reason = "a password is used once, and then wiped")]
pub fn hash(password: Password) -> PasswordHash {
    let hashed: Result<Phc, _> =
        today().hash_password_with_salt(password.0.as_bytes(), random::<16>().as_slice());
    #[expect(
        clippy::expect_used,
        reason = "fails only on a machine without 19 MiB left, as any allocation does"
    )]
    PasswordHash(hashed.expect("enough memory for a hash").to_string())
}

/// Whether `password` is the one of which `known` is kept; `None`, for somebody unknown, takes as long and never
/// matches. It blocks: see [`verify_async`].
#[expect(clippy::needless_pass_by_value, reason = "a password is used once, and then wiped")]
pub fn verify(known: Option<&PasswordHash>, password: Password) -> Verified {
    /// The hash of nobody's password.
    static NOBODY: LazyLock<PasswordHash> = LazyLock::new(nobody);

    let Ok(phc) = known.unwrap_or(&NOBODY).phc() else { return Verified { matches: false, outdated: false } };
    let fits = today().verify_password(password.0.as_bytes(), &phc).is_ok();
    let matches = fits && known.is_some();
    Verified { matches, outdated: matches && is_outdated(&phc) }
}

/// [`hash`], on a thread that may block.
///
/// # Panics
/// If the hash could not be made.
pub async fn hash_async(password: Password) -> PasswordHash {
    off_thread(move || hash(password)).await
}

/// [`verify`], on a thread that may block.
///
/// # Panics
/// If the hash could not be made.
pub async fn verify_async(known: Option<&PasswordHash>, password: Password) -> Verified {
    let known = known.cloned();
    off_thread(move || verify(known.as_ref(), password)).await
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    #[expect(clippy::expect_used, reason = "it is never cancelled, and a panic in it goes on here")]
    tokio::task::spawn_blocking(work).await.expect("a hash that could be made")
}

/// What hashes are made with today.
fn today() -> Argon2<'static> {
    #[expect(clippy::expect_used, reason = "constants that Argon2 takes; every test of this file would fail")]
    let params = Params::new(MEMORY, PASSES, LANES, None).expect("parameters that Argon2 takes");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// A hash with today's parameters, so that it costs as much to compare with. It need not be anybody's: what it is
/// of is not told apart.
fn nobody() -> PasswordHash {
    let (salt, output) = ("A".repeat(22), "A".repeat(43));
    PasswordHash(format!("$argon2id$v=19$m={MEMORY},t={PASSES},p={LANES}${salt}${output}"))
}

fn is_outdated(phc: &Phc) -> bool {
    let same =
        |params: Params| (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY, PASSES, LANES);
    phc.algorithm.as_str() != Algorithm::Argon2id.as_str()
        || phc.version != Some(Version::V0x13.into())
        || phc.hash.as_ref().is_none_or(|hash| hash.len() != Params::DEFAULT_OUTPUT_LEN)
        || !Params::try_from(phc).is_ok_and(same)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The hash of `password`, as the reference implementation's own tests have it: two passes of 64 MiB.
    pub(in crate::user) const OLD: &str =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    fn tried(text: &str) -> Password {
        Password::typed(text).unwrap()
    }

    #[test]
    fn a_password_that_is_chosen_has_8_to_1024_bytes() {
        for (length, outcome) in [
            (0, Err(Unusable::TooShort)),
            (7, Err(Unusable::TooShort)),
            (8, Ok(())),
            (1_024, Ok(())),
            (1_025, Err(Unusable::TooLong)),
        ] {
            assert_eq!(Password::new("a".repeat(length)).map(drop), outcome, "{length}");
        }
        assert!(Password::new("é".repeat(4)).is_ok(), "bytes are counted");
    }

    #[test]
    fn a_password_that_is_tried_may_be_one_that_could_not_be_chosen_now() {
        for (length, can_be) in [(0, false), (1, true), (1_024, true), (1_025, false)] {
            assert_eq!(Password::typed(&"a".repeat(length)).is_some(), can_be, "{length}");
        }
    }

    #[test]
    fn nothing_prints_a_password_or_its_hash() {
        assert_eq!(format!("{:?}", tried("correct horse")), "Password(redacted)");
        assert_eq!(format!("{:?}", hash(tried("correct horse"))), "PasswordHash(redacted)");
    }

    #[test]
    fn the_right_password_matches_and_no_other() {
        let known = hash(tried("correct horse"));
        assert_eq!(verify(Some(&known), tried("correct horse")), Verified { matches: true, outdated: false });
        for wrong in ["correct hors", "Correct horse", "correct horse ", "x"] {
            let verified = verify(Some(&known), tried(wrong));
            assert_eq!(verified, Verified { matches: false, outdated: false }, "{wrong}");
        }
    }

    #[test]
    fn a_hash_says_how_it_was_made_and_is_salted() {
        let (one, other) = (hash(tried("correct horse")), hash(tried("correct horse")));
        assert!(one.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.0);
        assert_ne!(one, other);
    }

    #[test]
    fn a_hash_with_other_parameters_still_matches_and_is_outdated() {
        let old: PasswordHash = OLD.parse().unwrap();
        assert_eq!(verify(Some(&old), tried("password")), Verified { matches: true, outdated: true });
        assert_eq!(verify(Some(&old), tried("passwore")), Verified { matches: false, outdated: false });
    }

    #[test]
    fn nobody_has_no_password_and_costs_as_much_as_somebody() {
        for text in ["x", "correct horse", "AAAAAAAA"] {
            assert_eq!(verify(None, tried(text)), Verified { matches: false, outdated: false });
        }
        let phc = nobody().phc().unwrap();
        assert!(!is_outdated(&phc), "other parameters would take another time");
        let theirs = hash(tried("correct horse")).phc().unwrap();
        assert_eq!(phc.salt.map(|salt| salt.len()), theirs.salt.map(|salt| salt.len()));
    }

    #[test]
    fn what_is_kept_must_be_a_whole_hash() {
        for text in [
            "",
            "password",
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ",
            "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
            "$argon2id$v=19$m=1,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ] {
            assert_eq!(text.parse::<PasswordHash>(), Err(NoHash), "{text}");
        }
    }

    #[tokio::test]
    async fn hashing_leaves_the_thread_to_others() {
        let known = hash_async(tried("correct horse")).await;
        assert!(verify_async(Some(&known), tried("correct horse")).await.matches);
        assert!(!verify_async(None, tried("correct horse")).await.matches);
    }
}
