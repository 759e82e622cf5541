//! PBKDF2 (RFC 8018 §5.2) with HMAC, for imported hashes.

use ::pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::encoding::{
    InvalidPasswordHash, check_cost, check_salt, check_strength, decode, number, output, parameter,
};

/// The fewest iterations (RFC 8018 §4.2).
const FEWEST_ITERATIONS: u64 = 1_000;

/// The hash function under HMAC.
#[derive(Clone, Copy)]
enum Function {
    Sha1,
    Sha256,
    Sha512,
}

impl Function {
    /// The most iterations, each of one or two blocks of the hash function.
    const fn most_iterations(self) -> u64 {
        match self {
            Self::Sha1 | Self::Sha256 => 2_000_000,
            Self::Sha512 => 1_000_000,
        }
    }

    /// The length of a digest, in bytes: a longer output would repeat the iterations.
    const fn digest_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// A PBKDF2 hash.
pub(super) struct Pbkdf2Hash {
    function: Function,
    iterations: u32,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Pbkdf2Hash {
    /// Parses what follows the name in a PHC string: `i=600000,l=32$SALT$HASH`, or passlib's `29000$SALT$HASH`.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, InvalidPasswordHash> {
        let function = match name {
            "pbkdf2" | "pbkdf2-sha1" => Function::Sha1,
            "pbkdf2-sha256" => Function::Sha256,
            "pbkdf2-sha512" => Function::Sha512,
            _ => return Err(InvalidPasswordHash::Unrecognized),
        };
        let parts: Vec<_> = text.split('$').collect();
        let [parameters, salt, hash] = parts[..] else { return Err(InvalidPasswordHash::Malformed) };
        let iterations =
            if parameters.contains('=') { parameter(parameters, "i")? } else { number(parameters)? };
        Self::new(function, iterations, decode(salt)?, hash)
    }

    /// Parses a Django hash: `1000000$SALT$HASH`, where the salt is text.
    pub(super) fn parse_django(name: &str, rest: &str) -> Result<Self, InvalidPasswordHash> {
        let function = match name {
            "pbkdf2_sha1" => Function::Sha1,
            "pbkdf2_sha256" => Function::Sha256,
            _ => return Err(InvalidPasswordHash::Unrecognized),
        };
        let parts: Vec<_> = rest.split('$').collect();
        let [iterations, salt, hash] = parts[..] else { return Err(InvalidPasswordHash::Malformed) };
        Self::new(function, number(iterations)?, salt.as_bytes().to_vec(), hash)
    }

    fn new(
        function: Function,
        iterations: u32,
        salt: Vec<u8>,
        hash: &str,
    ) -> Result<Self, InvalidPasswordHash> {
        let output = output(hash)?;
        if output.len() > function.digest_bytes() {
            return Err(InvalidPasswordHash::Malformed);
        }
        check_salt(&salt)?;
        let parameter = "number of PBKDF2 iterations";
        check_strength(parameter, iterations.into(), FEWEST_ITERATIONS)?;
        check_cost(parameter, iterations.into(), function.most_iterations())?;
        Ok(Self { function, iterations, salt, output })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let mut hashed = Zeroizing::new(vec![0; self.output.len()]);
        let derive = match self.function {
            Function::Sha1 => pbkdf2_hmac::<Sha1>,
            Function::Sha256 => pbkdf2_hmac::<Sha256>,
            Function::Sha512 => pbkdf2_hmac::<Sha512>,
        };
        derive(password, &self.salt, self.iterations, &mut hashed);
        hashed.ct_eq(&self.output).into()
    }
}
