//! Argon2 (RFC 9106): Argon2id for new hashes, all three variants for imported ones.

use std::sync::{Mutex, PoisonError};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        self,
        phc::{Output, ParamsString, PasswordHash as Phc, Salt},
    },
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
    #[expect(
        clippy::expect_used,
        reason = "fails only on a machine without 19 MiB left, as any allocation does"
    )]
    new(password).expect("enough memory for a hash").to_string()
}

fn new(password: &[u8]) -> password_hash::Result<Phc> {
    let (argon2, salt) = (today(), Salt::new(random::<16>().as_slice())?);
    Ok(Phc {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon2.params())?,
        hash: Some(output(&argon2, password, &salt)?),
        salt: Some(salt),
    })
}

/// The memory of earlier hashes with today's parameters, for the next ones. To allocate it each time would take a sixth of a
/// hash's time, and leave gaps of 19 MiB that the allocator does not use again. As many hashes as were in progress at a time
/// have memory here.
static SPARE: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

/// Computes the output of the hash of `password`.
fn output(argon2: &Argon2<'_>, password: &[u8], salt: &[u8]) -> password_hash::Result<Output> {
    let spare = || SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    let params = argon2.params();
    let is_todays = params.m_cost() == MEMORY;
    let mut memory = if is_todays { spare().pop() } else { None }.unwrap_or_default();
    let missing = params.block_count().saturating_sub(memory.len());
    memory.try_reserve_exact(missing).map_err(|_| password_hash::Error::OutOfMemory)?;
    memory.resize(params.block_count(), Block::default());
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let mut bytes = [0; Output::MAX_LENGTH];
    let bytes = bytes.get_mut(..length).ok_or(password_hash::Error::OutputSize)?;
    argon2.hash_password_into_with_memory(password, salt, bytes, &mut memory)?;
    if is_todays {
        // From what a hash leaves in its memory, guesses at the password can be checked quickly.
        memory.fill(Block::default());
        spare().push(memory);
    }
    Ok(Output::new(bytes)?)
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
        let Self(phc) = self;
        let (Some(salt), Some(expected), Ok(argon2)) = (&phc.salt, &phc.hash, self.argon2()) else {
            return false;
        };
        // The type compares in constant time.
        output(&argon2, password, salt).is_ok_and(|output| output == *expected) && !self.is_of_no_password()
    }

    /// Returns Argon2 with the parameters of the hash.
    fn argon2(&self) -> password_hash::Result<Argon2<'static>> {
        let Self(phc) = self;
        let version = phc.version.map(Version::try_from).transpose()?.unwrap_or_default();
        Ok(Argon2::new(Algorithm::try_from(phc.algorithm.as_str())?, version, Params::try_from(phc)?))
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
