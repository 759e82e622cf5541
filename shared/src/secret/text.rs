//! The string of a secret.
//!
//! | part | characters | content |
//! |---|---|---|
//! | prefix | 3 | the kind of the secret |
//! | `_` | 1 | makes a double click select the whole string |
//! | id | 22 | 128 bits: the id of the secret's item |
//! | key | 44 | 256 random bits, as two numbers of 128 |
//! | family | 22 | in refresh tokens only: 128 random bits, the same in all refresh tokens of the grant |
//! | generation | 6 | in refresh tokens only: the number of rotations that led to the token |
//! | checksum | 6 | CRC-32 of everything before it |
//!
//! Every part is a number in base 62 (`0-9A-Za-z`), padded with zeros to its width. A secret has exactly one string:
//! another length, another alphabet, a number too large for its part and a wrong checksum are refused before any read
//! of a table.

use std::{fmt, marker::PhantomData};

use zeroize::Zeroizing;

use super::{
    Digest, Id, InvalidToken, Kind, Lineage, RefreshToken,
    encoding::{CHECKSUM, WIDE, checksum, decode, encode, number},
};

/// A secret of kind `K` in plain text. It is wiped when dropped, and cannot be printed or serialized.
///
/// ```compile_fail
/// fn print(secret: shared::secret::Secret<shared::secret::AccessToken>) -> String { secret.to_string() }
/// ```
/// ```compile_fail
/// fn store(secret: &shared::secret::Secret<shared::secret::AccessToken>) -> String {
///     serde_json::to_string(secret).unwrap()
/// }
/// ```
pub struct Secret<K> {
    text: Zeroizing<String>,
    id: Id,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Secret<K> {
    /// Characters in a string of this kind.
    pub const LENGTH: usize = K::PREFIX.len()
        + 1
        + WIDE
        + 2 * WIDE
        + if K::HAS_LINEAGE { WIDE + Lineage::GENERATION } else { 0 }
        + CHECKSUM;

    /// Creates a secret of the item with this id from 256 random bits. For kinds without a lineage; see
    /// [`Secret::of_lineage`] for refresh tokens.
    pub fn new(id: Id, key: &[u8; 32]) -> Self {
        const { assert!(!K::HAS_LINEAGE, "a secret of this kind has a lineage") };
        Self::format(id, key, None)
    }

    /// Returns whether `text` has this kind's prefix. A client that sends such text cannot have meant another kind.
    pub fn is_prefixed(text: &str) -> bool {
        text.strip_prefix(K::PREFIX).is_some_and(|rest| rest.starts_with('_'))
    }

    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        if text.len() != Self::LENGTH || !text.is_ascii() {
            return Err(InvalidToken);
        }
        let (body, check) = text.split_at(Self::LENGTH - CHECKSUM);
        let numbers =
            body.strip_prefix(K::PREFIX).and_then(|rest| rest.strip_prefix('_')).ok_or(InvalidToken)?;
        let (id, mut rest) = numbers.split_at(WIDE);
        while !rest.is_empty() {
            // Only the last part, the generation, is shorter.
            let (part, after) = rest.split_at(WIDE.min(rest.len()));
            decode(part)?;
            rest = after;
        }
        if check != checksum(body).as_str() {
            return Err(InvalidToken);
        }
        Ok(Self { text: Zeroizing::new(text.to_owned()), id: id.parse()?, kind: PhantomData })
    }

    /// Returns the id of the secret's item.
    pub const fn id(&self) -> Id {
        self.id
    }

    /// Returns the digest, which the tables store instead of the secret.
    pub fn digest(&self) -> Digest<K> {
        Digest::of(self.text.as_bytes())
    }

    /// Returns the string, for the one response that gives the secret to its holder.
    pub fn expose(&self) -> &str {
        &self.text
    }

    fn format(id: Id, key: &[u8; 32], lineage: Option<&Lineage>) -> Self {
        // The full capacity from the start: a reallocation would leave a copy behind that is never wiped.
        let mut text = Zeroizing::new(String::with_capacity(Self::LENGTH));
        text.push_str(K::PREFIX);
        text.push('_');
        encode(id.bits(), WIDE, &mut text);
        let (high, low) = key.split_at(16);
        let family = lineage.map(|lineage| lineage.family.as_slice());
        for half in [high, low].into_iter().chain(family) {
            encode(number(half), WIDE, &mut text);
        }
        if let Some(lineage) = lineage {
            let generation = lineage.generation.min(Lineage::LAST_GENERATION);
            encode(generation.into(), Lineage::GENERATION, &mut text);
        }
        let check = checksum(&text);
        text.push_str(&check);
        Self { text, id, kind: PhantomData }
    }

    /// Returns the 256 random bits.
    pub(super) fn key(&self) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        for (half, nth) in key.chunks_exact_mut(16).zip(1..) {
            half.copy_from_slice(&self.part(nth).to_be_bytes());
        }
        key
    }

    /// Returns the number in part `nth`, counted from the id. Parsing has checked that every part is a number.
    fn part(&self, nth: usize) -> u128 {
        let start = K::PREFIX.len() + 1 + nth * WIDE;
        let end = (start + WIDE).min(Self::LENGTH - CHECKSUM);
        self.text.get(start..end).and_then(|part| decode(part).ok()).unwrap_or_default()
    }
}

impl Secret<RefreshToken> {
    /// Creates a refresh token of the grant with this id from 256 random bits.
    pub fn of_lineage(id: Id, key: &[u8; 32], lineage: &Lineage) -> Self {
        Self::format(id, key, Some(lineage))
    }

    pub fn lineage(&self) -> Lineage {
        let generation = u64::try_from(self.part(4)).unwrap_or(Lineage::LAST_GENERATION);
        Lineage { family: Zeroizing::new(self.part(3).to_be_bytes()), generation }
    }
}

impl<K: Kind> fmt::Debug for Secret<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}, redacted)", K::NAME)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::*, *};

    type Access = Secret<AccessToken>;

    fn access() -> Access {
        Secret::new(Id::from_bits(7), &[0xA5; 32])
    }

    #[test]
    fn the_format_never_changes() {
        assert_eq!(
            access().expose(),
            "jta_000000000000000000000752ZQxdl7BuCeo6GcvXrvOf52ZQxdl7BuCeo6GcvXrvOf1yOb5N"
        );
        let lineage = Lineage::first(Zeroizing::new([0; 16]));
        let refresh = Secret::of_lineage(Id::from_bits(u128::MAX), &[0xFF; 32], &lineage);
        assert_eq!(
            refresh.expose(),
            "jtr_7n42DGM5Tflk9n8mt7Fhc77n42DGM5Tflk9n8mt7Fhc77n42DGM5Tflk9n8mt7Fhc700000000000000000000000000000gOupD"
        );
    }

    #[test]
    fn a_token_string_is_parsed_to_the_same_secret() {
        for _ in 0..500 {
            let id = Id::random();
            let token = Access::new(id, &random());
            let parsed = Access::parse(token.expose()).unwrap();
            assert_eq!((parsed.id(), parsed.digest()), (id, token.digest()));
            assert_eq!(token.expose().len(), Access::LENGTH);
        }
    }

    #[test]
    fn every_single_changed_character_is_refused() {
        let good = access();
        for at in 0..Access::LENGTH {
            for other in "0Az_ é\0".chars() {
                let mut text = String::from(&good.expose()[..at]);
                text.push(other);
                text.push_str(&good.expose()[at + 1..]);
                if text != good.expose() {
                    assert_eq!(Access::parse(&text).err(), Some(InvalidToken), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn a_number_too_large_for_its_part_is_refused_with_a_right_checksum() {
        let body = format!("jta_{:0>22}{}{:0>22}", 0, "z".repeat(22), 0);
        let text = format!("{body}{}", checksum(&body));
        assert_eq!(text.len(), Access::LENGTH);
        assert!(Access::parse(&text).is_err());
    }

    #[test]
    fn one_kind_is_not_parsed_as_another() {
        let good = access();
        assert!(Secret::<ClientSecret>::parse(good.expose()).is_err());
        assert!(Secret::<RefreshToken>::parse(good.expose()).is_err());
        for text in ["", "jta_", "jta", "_", "é", &"a".repeat(10_000)] {
            assert!(Access::parse(text).is_err());
        }
    }

    #[test]
    fn debug_output_reveals_no_secret() {
        assert_eq!(format!("{:?}", access()), "Secret(access token, redacted)");
    }
}
