//! bcrypt (Provos and Mazières, 1999), for imported hashes.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::encoding::{InvalidPasswordHash, check_cost, number};

/// The highest cost: 2 to this power rounds.
const MOST_COST: u64 = 13;
/// The lowest cost that the algorithm has.
const LEAST_COST: u32 = 4;
/// bcrypt reads this many bytes of a password, and no more.
const READ_BYTES: usize = 72;
/// The length of an output. The last of its 24 bytes is never written.
const OUTPUT: usize = 23;

/// bcrypt's own base64. Some programs left bits in the last character of a salt that belong to no byte.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// A bcrypt hash, `$2b$12$` followed by salt and output.
pub(super) struct BcryptHash {
    cost: u32,
    salt: [u8; 16],
    output: [u8; OUTPUT],
    /// Django's `bcrypt_sha256`: the SHA-256 digest of the password in hexadecimal digits is hashed, not the password.
    of_sha256: bool,
}

impl BcryptHash {
    /// Parses what follows the version: `12$` followed by salt and output.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidPasswordHash> {
        let malformed = || InvalidPasswordHash::Malformed;
        let (cost, rest) = text.split_once('$').ok_or_else(malformed)?;
        let (salt, output) = rest.split_at_checked(22).ok_or_else(malformed)?;
        if cost.len() != 2 || output.len() != 31 {
            return Err(malformed());
        }
        let decode = |part: &str| BASE64.decode(part).map_err(|_| malformed());
        let (salt, output) = (decode(salt)?.try_into(), decode(output)?.try_into());
        let (salt, output) = (salt.map_err(|_| malformed())?, output.map_err(|_| malformed())?);
        let cost = number(cost)?;
        check_cost("cost of bcrypt", cost.into(), MOST_COST)?;
        if cost < LEAST_COST { Err(malformed()) } else { Ok(Self { cost, salt, output, of_sha256: false }) }
    }

    /// Parses the rest of a Django hash, which begins with the version: `$2b$12$…`.
    pub(super) fn parse_django(rest: &str) -> Result<Self, InvalidPasswordHash> {
        let versions = ["$2a$", "$2b$", "$2y$"];
        let rest = versions.iter().find_map(|version| rest.strip_prefix(version));
        Self::parse(rest.ok_or(InvalidPasswordHash::Malformed)?)
    }

    /// Returns the hash as one of the password's SHA-256 digest.
    pub(super) fn of_sha256(self) -> Self {
        Self { of_sha256: true, ..self }
    }

    /// Returns whether the hash depends on every byte of `password`.
    pub(super) const fn reads_all_of(&self, password: &[u8]) -> bool {
        self.of_sha256 || password.len() <= READ_BYTES
    }

    /// Compares the first 72 bytes of `password`, as all programs did that made such hashes.
    pub(super) fn verify(&self, password: &[u8]) -> bool {
        // A zero ends the password, if there is room for it.
        let mut text = Zeroizing::new(Vec::with_capacity(password.len().max(64) + 1));
        if self.of_sha256 {
            let digest = Zeroizing::new(hex::encode(Sha256::digest(password)));
            text.extend_from_slice(digest.as_bytes());
        } else {
            text.extend_from_slice(password);
        }
        text.push(0);
        text.truncate(READ_BYTES);
        let hashed = Zeroizing::new(::bcrypt::bcrypt(self.cost, self.salt, &text));
        hashed.split_at(OUTPUT).0.ct_eq(&self.output).into()
    }
}
