//! Argon2 (RFC 9106): Argon2id for new hashes, all three variants for imported ones.

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::PasswordHash as Phc,
};

use super::encoding::{InvalidPasswordHash, check_cost};
use crate::secret::random;

/// Memory of a new hash, in KiB: with [`PASSES`], the minimum in OWASP's Password Storage Cheat Sheet.
const MEMORY: u32 = 19_456;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Lanes that may be filled in parallel.
const LANES: u32 = 1;

/// The most memory of an imported hash, in KiB.
const MOST_MEMORY: u64 = 128 * 1_024;
/// The most memory of an imported hash, in KiB, times its passes: the measure of its time.
const MOST_WORK: u64 = 512 * 1_024;
/// The most lanes of an imported hash.
const MOST_LANES: u64 = 16;

/// An Argon2 hash in PHC form, `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`.
pub(super) struct Argon2Hash(Phc);

/// Hashes `password` with today's parameters.
///
/// # Panics
/// If the machine has too little memory for a hash.
pub(super) fn hash(password: &[u8]) -> String {
    let hashed: Result<Phc, _> = today().hash_password_with_salt(password, random::<16>().as_slice());
    #[expect(
        clippy::expect_used,
        reason = "fails only on a machine without 19 MiB left, as any allocation does"
    )]
    hashed.expect("enough memory for a hash").to_string()
}

/// Returns the parameters of new hashes.
fn today() -> Argon2<'static> {
    #[expect(
        clippy::expect_used,
        reason = "constants that Argon2 accepts; every test of this file would fail"
    )]
    let params = Params::new(MEMORY, PASSES, LANES, None).expect("parameters that Argon2 accepts");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

impl Argon2Hash {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidPasswordHash> {
        let phc = Phc::new(text).map_err(|_| InvalidPasswordHash::Malformed)?;
        let params = Params::try_from(&phc).map_err(|_| InvalidPasswordHash::Malformed)?;
        let is_argon2 = Algorithm::try_from(phc.algorithm.as_str()).is_ok();
        if !is_argon2 || phc.salt.is_none() || phc.hash.is_none() {
            return Err(InvalidPasswordHash::Malformed);
        }
        let memory = u64::from(params.m_cost());
        check_cost("memory of Argon2 in KiB", memory, MOST_MEMORY)?;
        check_cost("work of Argon2, KiB times passes,", memory * u64::from(params.t_cost()), MOST_WORK)?;
        check_cost("number of Argon2 lanes", params.p_cost().into(), MOST_LANES)?;
        Ok(Self(phc))
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        today().verify_password(password, &self.0).is_ok() && !self.is_of_no_password()
    }

    pub(super) fn name(&self) -> &'static str {
        Algorithm::try_from(self.0.algorithm.as_str()).map_or("argon2", |algorithm| algorithm.as_str())
    }

    /// Returns whether the hash has the parameters of new hashes.
    pub(super) fn is_current(&self) -> bool {
        let same =
            |params: Params| (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY, PASSES, LANES);
        self.0.algorithm.as_str() == Algorithm::Argon2id.as_str()
            && self.0.version == Some(Version::V0x13.into())
            && self.0.hash.as_ref().is_some_and(|hash| hash.len() == Params::DEFAULT_OUTPUT_LEN)
            && Params::try_from(&self.0).is_ok_and(same)
    }

    /// Returns a hash with today's parameters whose salt and output are zeros: no password is known to have it, and none
    /// is accepted for it.
    pub(super) fn of_no_password() -> String {
        let (salt, output) = ("A".repeat(22), "A".repeat(43));
        format!("$argon2id$v=19$m={MEMORY},t={PASSES},p={LANES}${salt}${output}")
    }

    /// Returns whether the salt and the output are zeros, with any parameters: an older release may have written the hash.
    pub(super) fn is_of_no_password(&self) -> bool {
        let zeros = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
        self.0.salt.as_ref().is_some_and(|salt| zeros(salt))
            && self.0.hash.as_ref().is_some_and(|hash| zeros(hash.as_bytes()))
    }
}
