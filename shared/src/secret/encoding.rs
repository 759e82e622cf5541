//! Base-62 numbers of fixed width, and the checksum of a token string.

use zeroize::Zeroizing;

/// Characters in a number of 128 bits.
pub(super) const WIDE: usize = 22;
/// Characters in a checksum.
pub(super) const CHECKSUM: usize = 6;

/// Error for text that is not a token string of the expected kind, or not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed token string of this kind")]
pub struct InvalidToken;

/// Appends `number` to `text`, padded with zeros to `width`.
pub(super) fn encode(number: u128, width: usize, text: &mut Zeroizing<String>) {
    let digits = Zeroizing::new(base62::encode(number));
    text.extend(std::iter::repeat_n('0', width - digits.len()));
    text.push_str(&digits);
}

/// Parses a number of any width.
pub(super) fn decode(part: &str) -> Result<u128, InvalidToken> {
    base62::decode(part).map_err(|_| InvalidToken)
}

/// Returns the CRC-32 of `body`.
pub(super) fn checksum(body: &str) -> String {
    format!("{:0>CHECKSUM$}", base62::encode_fmt(crc32fast::hash(body.as_bytes())))
}

/// Returns the number that is `bytes` in big-endian order, at most 16.
pub(super) fn number(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}
