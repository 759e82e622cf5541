//! The parts of a hash's text.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// The shortest salt, in bytes (RFC 8018 §4.1).
const LEAST_SALT: u64 = 8;

/// The reason why a text is no hash that a password can be verified against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPasswordHash {
    /// The text may be a password, or a hash of another algorithm.
    #[error("not a hash of Argon2, bcrypt, scrypt or PBKDF2")]
    Unrecognized,
    /// The text begins like a hash.
    #[error("the hash is incomplete or malformed")]
    Malformed,
    /// One sign-in would cost too much.
    #[error("the {parameter} is {value}: {most} is the most")]
    TooCostly { parameter: &'static str, value: u64, most: u64 },
    /// The password would be guessed too easily.
    #[error("the {parameter} is {value}: {least} is the least")]
    TooWeak { parameter: &'static str, value: u64, least: u64 },
}

/// Checks that the `value` of a parameter costs no more than one sign-in may.
pub(super) const fn check_cost(
    parameter: &'static str,
    value: u64,
    most: u64,
) -> Result<(), InvalidPasswordHash> {
    if value > most { Err(InvalidPasswordHash::TooCostly { parameter, value, most }) } else { Ok(()) }
}

/// Checks that the `value` of a parameter is at least what makes passwords hard to guess.
pub(super) const fn check_strength(
    parameter: &'static str,
    value: u64,
    least: u64,
) -> Result<(), InvalidPasswordHash> {
    if value < least { Err(InvalidPasswordHash::TooWeak { parameter, value, least }) } else { Ok(()) }
}

/// Checks that `salt` is long enough to be different for each user.
pub(super) const fn check_salt(salt: &[u8]) -> Result<(), InvalidPasswordHash> {
    check_strength("length of the salt in bytes", salt.len() as u64, LEAST_SALT)
}

/// Returns the number that `text` is in decimal digits.
pub(super) fn number(text: &str) -> Result<u32, InvalidPasswordHash> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or(InvalidPasswordHash::Malformed)
}

/// Returns the value of `name=` in the parameters of a PHC string.
pub(super) fn parameter(parameters: &str, name: &str) -> Result<u32, InvalidPasswordHash> {
    let named = parameters.split(',').filter_map(|parameter| parameter.split_once('='));
    let found = named.filter(|(known, _)| *known == name).map(|(_, value)| value).next();
    number(found.ok_or(InvalidPasswordHash::Malformed)?)
}

/// Decodes `text` by the alphabet of base64, with padding or without it. passlib writes `.` for `+`.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, InvalidPasswordHash> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    ENGINE.decode(text.replace('.', "+")).map_err(|_| InvalidPasswordHash::Malformed)
}

/// Decodes the output of a hash: 16 to 64 bytes. A shorter one would be guessed too easily.
pub(super) fn output(text: &str) -> Result<Vec<u8>, InvalidPasswordHash> {
    let output = decode(text)?;
    if (16..=64).contains(&output.len()) { Ok(output) } else { Err(InvalidPasswordHash::Malformed) }
}
