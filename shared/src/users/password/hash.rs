//! The stored hash of a password, of any algorithm that Jeton verifies.
//!
//! # Design
//! The cost of each algorithm is capped where a hash is parsed. So neither an imported nor a stored hash can make one
//! sign-in cost more than about a second of a function's processor, or 128 MiB of its memory.

use std::{fmt, str::FromStr};

use serde::Serialize;
use serde_with::DeserializeFromStr;

use super::{
    argon2id::{self, Argon2Hash},
    bcrypt::BcryptHash,
    encoding::InvalidPasswordHash,
    pbkdf2::Pbkdf2Hash,
    scrypt::ScryptHash,
};

/// The stored hash of a password, in one of these forms:
/// - PHC strings: `$argon2id$…` (RFC 9106; also `argon2i` and `argon2d`), `$scrypt$…` (RFC 7914) and `$pbkdf2-sha256$…`
///   (RFC 8018; also `-sha512` and `$pbkdf2$…` with SHA-1), as `RustCrypto` and passlib write them;
/// - bcrypt: `$2a$…`, `$2b$…` and `$2y$…`;
/// - Django's: `pbkdf2_sha256$…`, `pbkdf2_sha1$…`, `argon2$…`, `bcrypt_sha256$…`, `bcrypt$…` and `scrypt$…`.
///
/// It cannot be printed.
///
/// ```compile_fail
/// fn print(hash: shared::users::PasswordHash) -> String { hash.to_string() }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, DeserializeFromStr)]
#[serde(transparent)]
pub struct PasswordHash(String);

/// A parsed hash.
enum Algorithm {
    Argon2(Box<Argon2Hash>),
    Bcrypt(BcryptHash),
    Scrypt(ScryptHash),
    Pbkdf2(Pbkdf2Hash),
}

impl PasswordHash {
    /// The most bytes in a hash.
    const MOST_BYTES: usize = 512;

    /// Hashes `password` with today's algorithm and parameters.
    ///
    /// # Panics
    /// If the machine has too little memory for a hash.
    pub(super) fn of(password: &[u8]) -> Self {
        Self(argon2id::hash(password))
    }

    /// Returns the hash of a user without a password. No password matches it, and verifying one takes as long as with any
    /// new hash. To a release that does not know it, it is a hash like any other.
    pub fn of_no_password() -> Self {
        Self(Argon2Hash::of_no_password())
    }

    /// Returns whether the user has a password.
    pub fn is_of_a_password(&self) -> bool {
        !matches!(self.parse(), Ok(Algorithm::Argon2(hash)) if hash.is_of_no_password())
    }

    /// Returns the name of the algorithm.
    pub fn algorithm(&self) -> &'static str {
        match self.parse() {
            Ok(Algorithm::Argon2(hash)) => hash.name(),
            Ok(Algorithm::Bcrypt(_)) => "bcrypt",
            Ok(Algorithm::Scrypt(_)) => "scrypt",
            Ok(Algorithm::Pbkdf2(_)) => "pbkdf2",
            Err(_) => "unknown",
        }
    }

    /// Returns whether new hashes have another algorithm or other parameters: the password should be hashed again.
    pub fn is_outdated(&self) -> bool {
        !matches!(self.parse(), Ok(Algorithm::Argon2(hash)) if hash.is_current())
    }

    /// Returns whether the hash depends on every byte of `password`. Otherwise other passwords match it, too.
    pub(super) fn reads_all_of(&self, password: &[u8]) -> bool {
        !matches!(self.parse(), Ok(Algorithm::Bcrypt(hash)) if !hash.reads_all_of(password))
    }

    /// Returns whether `password` is the user's password.
    pub(super) fn verify(&self, password: &[u8]) -> bool {
        match self.parse() {
            Ok(Algorithm::Argon2(hash)) => hash.verify(password),
            Ok(Algorithm::Bcrypt(hash)) => hash.verify(password),
            Ok(Algorithm::Scrypt(hash)) => hash.verify(password),
            Ok(Algorithm::Pbkdf2(hash)) => hash.verify(password),
            Err(_) => false,
        }
    }

    fn parse(&self) -> Result<Algorithm, InvalidPasswordHash> {
        let text = self.0.as_str();
        if text.len() > Self::MOST_BYTES {
            return Err(InvalidPasswordHash::Malformed);
        }
        let Some(phc) = text.strip_prefix('$') else { return Self::parse_django(text) };
        let (name, rest) = phc.split_once('$').ok_or(InvalidPasswordHash::Unrecognized)?;
        match name {
            "argon2id" | "argon2i" | "argon2d" => Argon2Hash::parse(text).map(Algorithm::argon2),
            "2a" | "2b" | "2y" => BcryptHash::parse(rest).map(Algorithm::Bcrypt),
            "scrypt" => ScryptHash::parse(rest).map(Algorithm::Scrypt),
            _ => Pbkdf2Hash::parse(name, rest).map(Algorithm::Pbkdf2),
        }
    }

    /// Parses a hash as Django writes it: the name of the algorithm, `$`, and the rest.
    fn parse_django(text: &str) -> Result<Algorithm, InvalidPasswordHash> {
        let (name, rest) = text.split_once('$').ok_or(InvalidPasswordHash::Unrecognized)?;
        match name {
            "argon2" => Argon2Hash::parse(&format!("${rest}")).map(Algorithm::argon2),
            "bcrypt" => BcryptHash::parse_django(rest).map(Algorithm::Bcrypt),
            "bcrypt_sha256" => {
                BcryptHash::parse_django(rest).map(BcryptHash::of_sha256).map(Algorithm::Bcrypt)
            }
            "scrypt" => ScryptHash::parse_django(rest).map(Algorithm::Scrypt),
            _ => Pbkdf2Hash::parse_django(name, rest).map(Algorithm::Pbkdf2),
        }
    }

    #[cfg(test)]
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Algorithm {
    fn argon2(hash: Argon2Hash) -> Self {
        Self::Argon2(Box::new(hash))
    }
}

impl FromStr for PasswordHash {
    type Err = InvalidPasswordHash;

    fn from_str(text: &str) -> Result<Self, InvalidPasswordHash> {
        let hash = Self(text.to_owned());
        hash.parse().map(|_| hash)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(redacted)")
    }
}

#[cfg(test)]
mod tests;
