//! scrypt (RFC 7914), for imported hashes.

use ::scrypt::{Params, scrypt};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::encoding::{
    InvalidPasswordHash, check_cost, check_salt, check_strength, decode, number, output, parameter,
};

/// The least `N`.
const LEAST_N: u64 = 1_024;
/// The most memory, in bytes: `128 * N * r`.
const MOST_MEMORY: u64 = 128 * 1_024 * 1_024;
/// The most work, `N * r * p`: the measure of the time.
const MOST_WORK: u64 = 1_024 * 1_024;

/// An scrypt hash.
pub(super) struct ScryptHash {
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl ScryptHash {
    /// Parses what follows the name in a PHC string: `ln=16,r=8,p=1$SALT$HASH`.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidPasswordHash> {
        let parts: Vec<_> = text.split('$').collect();
        let [parameters, salt, hash] = parts[..] else { return Err(InvalidPasswordHash::Malformed) };
        let of = |name| parameter(parameters, name);
        Self::new(params(of("ln")?, of("r")?, of("p")?)?, decode(salt)?, hash)
    }

    /// Parses the rest of a Django hash: `16384$SALT$8$5$HASH`, where the salt is text.
    pub(super) fn parse_django(rest: &str) -> Result<Self, InvalidPasswordHash> {
        let parts: Vec<_> = rest.split('$').collect();
        let [n, salt, r, p, hash] = parts[..] else { return Err(InvalidPasswordHash::Malformed) };
        let n = number(n)?;
        if !n.is_power_of_two() {
            return Err(InvalidPasswordHash::Malformed);
        }
        Self::new(params(n.ilog2(), number(r)?, number(p)?)?, salt.as_bytes().to_vec(), hash)
    }

    fn new(params: Params, salt: Vec<u8>, hash: &str) -> Result<Self, InvalidPasswordHash> {
        check_salt(&salt)?;
        Ok(Self { params, salt, output: output(hash)? })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let mut hashed = Zeroizing::new(vec![0; self.output.len()]);
        let done = scrypt(password, &self.salt, &self.params, &mut hashed);
        done.is_ok() && hashed.ct_eq(&self.output).into()
    }
}

/// Returns the parameters with `N` = 2 to the power `log_n`, if they cost no less and no more than they may.
fn params(log_n: u32, r: u32, p: u32) -> Result<Params, InvalidPasswordHash> {
    let n = 1_u64.checked_shl(log_n).unwrap_or(u64::MAX);
    check_strength("N of scrypt", n, LEAST_N)?;
    let block = n.saturating_mul(u64::from(r));
    check_cost("memory of scrypt in bytes, 128 * N * r,", block.saturating_mul(128), MOST_MEMORY)?;
    check_cost("work of scrypt, N * r * p,", block.saturating_mul(u64::from(p)), MOST_WORK)?;
    let log_n = u8::try_from(log_n).map_err(|_| InvalidPasswordHash::Malformed)?;
    Params::new(log_n, r, p).map_err(|_| InvalidPasswordHash::Malformed)
}
