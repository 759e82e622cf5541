//! Passwords and their hashes.
//!
//! # Design
//! Unlike a token, a password can be guessed, so its hash is expensive. New hashes are Argon2id; those of imported users
//! may be of other [algorithms](hash), until the user signs in. A hash takes tens of milliseconds of processor time, so
//! [`hash`](hash()) and [`verify`] are for threads that may block; all other code uses [`hash_async`] and
//! [`verify_async`].

mod argon2id;
mod bcrypt;
mod encoding;
mod hash;
mod pbkdf2;
mod scrypt;

use std::{fmt, num::NonZero, sync::LazyLock, thread::available_parallelism};

use tokio::sync::Semaphore;
use zeroize::Zeroizing;

pub use encoding::InvalidPasswordHash;
pub use hash::PasswordHash;

/// A password in plain text. It is wiped when dropped, and cannot be printed or serialized.
///
/// ```compile_fail
/// fn print(password: shared::users::Password) -> String { password.to_string() }
/// ```
/// ```compile_fail
/// fn store(password: &shared::users::Password) -> String { serde_json::to_string(password).unwrap() }
/// ```
pub struct Password(Zeroizing<String>);

/// The reason why a text cannot be a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// Short passwords are easy to guess.
    #[error("a password has at least {} bytes", Password::FEWEST_BYTES)]
    TooShort,
    /// The limit bounds the work of hashing.
    #[error("a password has at most {} bytes", Password::MOST_BYTES)]
    TooLong,
}

impl Password {
    /// The fewest bytes in a new password.
    pub const FEWEST_BYTES: usize = 8;
    /// The most bytes in a password.
    pub const MOST_BYTES: usize = 1_024;

    /// Returns `text` as a user's new password.
    pub fn new(text: String) -> Result<Self, InvalidPassword> {
        let text = Zeroizing::new(text);
        match text.len() {
            0..Self::FEWEST_BYTES => Err(InvalidPassword::TooShort),
            Self::FEWEST_BYTES..=Self::MOST_BYTES => Ok(Self(text)),
            _ => Err(InvalidPassword::TooLong),
        }
    }

    /// Returns `text` as a password to verify; `None` if no user can have it. It may be shorter than a new password: it
    /// may have been set under older rules.
    pub fn entered(text: &str) -> Option<Self> {
        (1..=Self::MOST_BYTES).contains(&text.len()).then(|| Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

/// Result of verifying a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    Mismatch,
    Match {
        /// The hash was made with other parameters than today's: hash the password again while it is at hand. Not set if the
        /// hash does not depend on all of the password, so that no typo in the rest becomes part of the user's password.
        outdated: bool,
    },
}

impl Verification {
    pub const fn matches(self) -> bool {
        matches!(self, Self::Match { .. })
    }
}

/// Hashes `password`. It blocks: see [`hash_async`].
///
/// # Panics
/// If the machine has too little memory for a hash.
#[expect(clippy::needless_pass_by_value, reason = "a password is used once, and then wiped")]
pub fn hash(password: Password) -> PasswordHash {
    PasswordHash::of(password.0.as_bytes())
}

/// Compares `password` with the hash `known`. `None`, for an unknown user, takes as long as one of today's hashes and
/// never matches. It blocks: see [`verify_async`].
#[expect(clippy::needless_pass_by_value, reason = "a password is used once, and then wiped")]
pub fn verify(known: Option<&PasswordHash>, password: Password) -> Verification {
    static DUMMY: LazyLock<PasswordHash> = LazyLock::new(PasswordHash::of_no_password);

    let known = known.unwrap_or(&DUMMY);
    let password = password.0.as_bytes();
    if known.verify(password) {
        Verification::Match { outdated: known.is_outdated() && known.reads_all_of(password) }
    } else {
        Verification::Mismatch
    }
}

/// Runs [`hash`](hash()) on a thread that may block.
///
/// # Panics
/// If [`hash`](hash()) panics.
pub async fn hash_async(password: Password) -> PasswordHash {
    off_thread(move || hash(password)).await
}

/// Runs [`verify`] on a thread that may block.
///
/// # Panics
/// If the machine has too little memory for a hash.
pub async fn verify_async(known: Option<&PasswordHash>, password: Password) -> Verification {
    let known = known.cloned();
    off_thread(move || verify(known.as_ref(), password)).await
}

/// Runs `work` on a thread that may block, once fewer hashes are in progress than the machine has processors: more at a time
/// are not faster, and each takes 19 MiB.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    static TURNS: LazyLock<Semaphore> =
        LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, NonZero::get)));

    let turn = TURNS.acquire().await;
    #[expect(clippy::expect_used, reason = "the task is never cancelled; its panic continues here")]
    tokio::task::spawn_blocking(move || {
        let done = work();
        drop(turn);
        done
    })
    .await
    .expect("a hash that could be made")
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// The hash of `password` in the reference implementation's tests: two passes of 64 MiB.
    pub(in crate::users) const OLD: &str =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    fn entered(text: &str) -> Password {
        Password::entered(text).unwrap()
    }

    #[test]
    fn a_new_password_has_8_to_1024_bytes() {
        for (length, outcome) in [
            (0, Err(InvalidPassword::TooShort)),
            (7, Err(InvalidPassword::TooShort)),
            (8, Ok(())),
            (1_024, Ok(())),
            (1_025, Err(InvalidPassword::TooLong)),
        ] {
            assert_eq!(Password::new("a".repeat(length)).map(drop), outcome, "{length}");
        }
        assert!(Password::new("é".repeat(4)).is_ok(), "bytes are counted");
    }

    #[test]
    fn an_entered_password_may_be_shorter_than_a_new_one() {
        for (length, can_be) in [(0, false), (1, true), (1_024, true), (1_025, false)] {
            assert_eq!(Password::entered(&"a".repeat(length)).is_some(), can_be, "{length}");
        }
    }

    #[test]
    fn nothing_prints_a_password_or_its_hash() {
        assert_eq!(format!("{:?}", entered("correct horse")), "Password(redacted)");
        assert_eq!(format!("{:?}", hash(entered("correct horse"))), "PasswordHash(redacted)");
    }

    #[test]
    fn the_right_password_matches_and_no_other() {
        let known = hash(entered("correct horse"));
        assert_eq!(verify(Some(&known), entered("correct horse")), Verification::Match { outdated: false });
        for wrong in ["correct hors", "Correct horse", "correct horse ", "x"] {
            let verified = verify(Some(&known), entered(wrong));
            assert_eq!(verified, Verification::Mismatch, "{wrong}");
        }
    }

    #[test]
    fn a_hash_says_how_it_was_made_and_is_salted() {
        let (one, other) = (hash(entered("correct horse")), hash(entered("correct horse")));
        assert!(one.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.as_str());
        assert_ne!(one, other);
    }

    #[test]
    fn a_hash_with_other_parameters_still_matches_and_is_outdated() {
        let old: PasswordHash = OLD.parse().unwrap();
        assert_eq!(verify(Some(&old), entered("password")), Verification::Match { outdated: true });
        assert_eq!(verify(Some(&old), entered("passwore")), Verification::Mismatch);
    }

    #[test]
    fn an_unknown_user_has_no_password_and_costs_as_much_as_a_known_one() {
        for text in ["x", "correct horse", "AAAAAAAA"] {
            assert_eq!(verify(None, entered(text)), Verification::Mismatch);
        }
        let (dummy, theirs) = (PasswordHash::of_no_password(), hash(entered("correct horse")));
        assert!(!dummy.is_outdated(), "other parameters would take another time");
        assert_eq!(dummy.as_str().len(), theirs.as_str().len());
    }

    #[tokio::test]
    async fn no_more_hashes_are_in_progress_than_there_are_processors() {
        static IN_PROGRESS: AtomicUsize = AtomicUsize::new(0);

        let most = available_parallelism().unwrap().get();
        let hashes = (0..8 * most).map(|_| {
            off_thread(|| {
                let others = IN_PROGRESS.fetch_add(1, Ordering::SeqCst);
                verify(None, entered("correct horse"));
                IN_PROGRESS.fetch_sub(1, Ordering::SeqCst);
                others + 1
            })
        });
        let seen = futures_util::future::join_all(hashes).await;
        assert!(seen.iter().all(|&seen| seen <= most), "{seen:?}");
    }

    #[tokio::test]
    async fn hashing_does_not_block_the_async_thread() {
        let known = hash_async(entered("correct horse")).await;
        assert!(verify_async(Some(&known), entered("correct horse")).await.matches());
        assert!(!verify_async(None, entered("correct horse")).await.matches());
    }
}
