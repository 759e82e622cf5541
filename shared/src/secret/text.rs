//! How a secret is spelled.
//!
//! | part | characters | what |
//! |---|---|---|
//! | prefix | 3 | one for each kind |
//! | `_` | 1 | so that a double click selects the whole string |
//! | id | 22 | 128 bits, naming the item that knows the secret |
//! | key | 44 | 256 random bits, as two numbers of 128 |
//! | family | 22 | in refresh tokens only: 128 random bits, the same in every refresh token of the grant |
//! | generation | 6 | in refresh tokens only: how many rotations led to it |
//! | check | 6 | CRC-32 of everything before it |
//!
//! Every part is a number in base 62 (`0-9A-Za-z`), padded with zeros to its width. A value has one spelling:
//! another length, another alphabet or a number too large for its part is refused, and so is a wrong check, before
//! anything is looked up.

use std::{fmt, marker::PhantomData, str::FromStr};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{AccessToken, Digest, Family, Kind, RefreshToken, random};

/// Characters in a number of 128 bits.
const WIDE: usize = 22;
/// Characters in a generation.
const GENERATION: usize = 6;
/// Characters in the check.
const CHECK: usize = 6;

/// What a refresh token says of itself beside being a secret.
#[derive(Clone)]
pub struct Lineage {
    /// The 128 random bits that all refresh tokens of one grant share. Only a holder of one of them knows these.
    pub family: Zeroizing<[u8; 16]>,
    /// How many rotations led to the token: 0 for a grant's first.
    pub generation: u64,
}

impl Lineage {
    /// The largest generation that can be spelled. At one write unit a rotation, DynamoDB's limit for one item keeps
    /// a grant below it: 1,000 a second for 90 days are 8 thousand million, and this is 57.
    const LAST_GENERATION: u64 = 62_u64.pow(6) - 1;

    /// The lineage of a grant's first refresh token.
    pub const fn first(family: Zeroizing<[u8; 16]>) -> Self {
        Self { family, generation: 0 }
    }

    /// The lineage of the token that follows.
    fn next(self) -> Self {
        Self { generation: (self.generation + 1).min(Self::LAST_GENERATION), ..self }
    }
}

/// A random name of 128 bits: a grant's, a client's, a person's. It is not a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u128);

impl Id {
    /// A new name that nothing else has.
    pub fn random() -> Self {
        Self(u128::from_be_bytes(*random()))
    }

    /// The id made of these bits.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0>WIDE$}", base62::encode_fmt(self.0))
    }
}

impl FromStr for Id {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if text.len() == WIDE { number(text).map(Self) } else { Err(Malformed) }
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Text that is not a token string of the kind asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed token string of this kind")]
pub struct Malformed;

/// A secret in plain text, of kind `K`: wiped when dropped, printed by nothing.
///
/// ```compile_fail
/// fn shown(secret: shared::secret::Secret<shared::secret::AccessToken>) -> String { secret.to_string() }
/// ```
/// ```compile_fail
/// fn kept(secret: &shared::secret::Secret<shared::secret::AccessToken>) -> String {
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
    pub const LENGTH: usize =
        K::PREFIX.len() + 1 + WIDE + 2 * WIDE + if K::HAS_LINEAGE { WIDE + GENERATION } else { 0 } + CHECK;

    /// Whether `text` starts like a secret of this kind, so that whoever shows it cannot have meant another.
    pub fn is_prefixed(text: &str) -> bool {
        text.strip_prefix(K::PREFIX).is_some_and(|rest| rest.starts_with('_'))
    }

    /// The secret that reads `text`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() != Self::LENGTH || !text.is_ascii() {
            return Err(Malformed);
        }
        let (body, check) = text.split_at(Self::LENGTH - CHECK);
        let numbers =
            body.strip_prefix(K::PREFIX).and_then(|rest| rest.strip_prefix('_')).ok_or(Malformed)?;
        let (id, mut rest) = numbers.split_at(WIDE);
        while !rest.is_empty() {
            // Only the last part is shorter, and that is the generation.
            let (part, after) = rest.split_at(WIDE.min(rest.len()));
            number(part)?;
            rest = after;
        }
        if check != checksum(body).as_str() {
            return Err(Malformed);
        }
        Ok(Self { text: Zeroizing::new(text.to_owned()), id: id.parse()?, kind: PhantomData })
    }

    /// What the item that knows this secret is called.
    pub const fn id(&self) -> Id {
        self.id
    }

    /// What the tables keep of it.
    pub fn digest(&self) -> Digest<K> {
        Digest::of(self.text.as_bytes())
    }

    /// The string itself, for the one answer that hands it to its holder.
    pub fn expose(&self) -> &str {
        &self.text
    }

    fn spell(id: Id, key: &[u8; 32], lineage: Option<&Lineage>) -> Self {
        // Enough room at once: growing would leave copies behind that are never wiped.
        let mut text = Zeroizing::new(String::with_capacity(Self::LENGTH));
        text.push_str(K::PREFIX);
        text.push('_');
        base62_padded(id.0, WIDE, &mut text);
        let (high, low) = key.split_at(16);
        let family = lineage.map(|lineage| lineage.family.as_slice());
        for half in [high, low].into_iter().chain(family) {
            let bits = half.iter().fold(0, |bits, byte| bits << 8 | u128::from(*byte));
            base62_padded(bits, WIDE, &mut text);
        }
        if let Some(lineage) = lineage {
            base62_padded(lineage.generation.min(Lineage::LAST_GENERATION).into(), GENERATION, &mut text);
        }
        let check = checksum(&text);
        text.push_str(&check);
        Self { text, id, kind: PhantomData }
    }
}

impl<K: Kind> Secret<K> {
    /// A new secret for the item called `id`, with these 256 bits.
    ///
    /// For kinds without a lineage; a refresh token needs [`Secret::of_lineage`].
    pub fn new(id: Id, key: &[u8; 32]) -> Self {
        const { assert!(!K::HAS_LINEAGE, "a secret of this kind has a lineage") };
        Self::spell(id, key, None)
    }
}

impl<K: Kind> Secret<K> {
    /// The 256 bits that make it a secret.
    fn key(&self) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        for (half, nth) in key.chunks_exact_mut(16).zip(1..) {
            half.copy_from_slice(&self.part(nth).to_be_bytes());
        }
        key
    }

    fn hmac(&self) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        Hmac::new_from_slice(self.key().as_slice()).expect("a key of any length")
    }

    /// The number in the part after `nth` others. Parsing has found every part to be one.
    fn part(&self, nth: usize) -> u128 {
        let start = K::PREFIX.len() + 1 + nth * WIDE;
        let end = (start + WIDE).min(Self::LENGTH - CHECK);
        self.text.get(start..end).and_then(|part| number(part).ok()).unwrap_or_default()
    }
}

impl<K: Kind> Secret<K> {
    /// HMAC-SHA-256 of `parts` under its key: what only a holder of the secret can have made. The parts are kept
    /// apart by their lengths.
    ///
    /// # Panics
    /// Never: HMAC takes keys of any length.
    pub fn seal(&self, parts: &[&str]) -> Zeroizing<[u8; 32]> {
        let mut mac = self.hmac();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    /// The first 128 bits of what [`Secret::seal`] makes of `parts`, as a name.
    pub fn seal_id(&self, parts: &[&str]) -> Id {
        let sealed = self.seal(parts);
        let (id, _) = sealed.split_at(16);
        Id(id.iter().fold(0, |bits, byte| bits << 8 | u128::from(*byte)))
    }

    /// Whether `sealed`, in hexadecimal, is what [`Secret::seal`] makes of `parts`.
    pub fn has_sealed(&self, parts: &[&str], sealed: &str) -> bool {
        let given = hex::decode(sealed).unwrap_or_default();
        self.seal(parts).as_slice().ct_eq(&given).into()
    }
}

impl Secret<RefreshToken> {
    /// What its family is known by.
    pub fn family(&self) -> Digest<Family> {
        Digest::of(self.family_bits())
    }

    fn family_bits(&self) -> Zeroizing<[u8; 16]> {
        Zeroizing::new(self.part(3).to_be_bytes())
    }

    /// How many rotations led to it, as the token says. It is true of a token whose digest the grant has.
    pub fn generation(&self) -> u64 {
        u64::try_from(self.part(4)).unwrap_or(Lineage::LAST_GENERATION)
    }

    /// What it says of itself beside being a secret.
    pub fn lineage(&self) -> Lineage {
        Lineage { family: self.family_bits(), generation: self.generation() }
    }

    /// The refresh token that follows this one in the rotation that `nonce` belongs to.
    #[must_use]
    pub fn successor(&self, nonce: &[u8; 32]) -> Self {
        Self::of_lineage(self.id, &self.derive(b"refresh", nonce), &self.lineage().next())
    }

    /// The access token that is issued in the rotation that `nonce` belongs to.
    pub fn successor_access(&self, nonce: &[u8; 32]) -> Secret<AccessToken> {
        Secret::new(self.id, &self.derive(b"access", nonce))
    }

    /// HMAC-SHA-256 of `purpose` and `nonce` under this token's key: whoever holds the token and reads the item can
    /// compute it again; either alone gives nothing.
    fn derive(&self, purpose: &[u8], nonce: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        let mut mac = self.hmac();
        mac.update(purpose);
        mac.update(nonce);
        Zeroizing::new(mac.finalize().into_bytes().into())
    }
}

impl Secret<RefreshToken> {
    /// A new refresh token of the grant called `id`, with these 256 bits, of this lineage.
    pub fn of_lineage(id: Id, key: &[u8; 32], lineage: &Lineage) -> Self {
        Self::spell(id, key, Some(lineage))
    }
}

impl<K: Kind> fmt::Debug for Secret<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}, redacted)", K::NAME)
    }
}

fn base62_padded(bits: u128, width: usize, text: &mut Zeroizing<String>) {
    let digits = Zeroizing::new(base62::encode(bits));
    text.extend(std::iter::repeat_n('0', width - digits.len()));
    text.push_str(&digits);
}

fn number(part: &str) -> Result<u128, Malformed> {
    base62::decode(part).map_err(|_| Malformed)
}

fn checksum(body: &str) -> String {
    format!("{:0>CHECK$}", base62::encode_fmt(crc32fast::hash(body.as_bytes())))
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
    fn what_is_spelled_is_read_back() {
        for _ in 0..500 {
            let id = Id::random();
            let made = Access::new(id, &random());
            let read = Access::parse(made.expose()).unwrap();
            assert_eq!((read.id(), read.digest()), (id, made.digest()));
            assert_eq!(made.expose().len(), Access::LENGTH);
        }
    }

    #[test]
    fn a_refresh_token_is_followed_by_one_of_the_next_generation() {
        let lineage = Lineage { generation: 61, ..Lineage::first(random()) };
        let token = Secret::of_lineage(Id::random(), &random(), &lineage);
        let next = Secret::<RefreshToken>::parse(token.successor(&[1; 32]).expose()).unwrap();
        assert_eq!((next.id(), next.generation()), (token.id(), 62));
        assert_eq!(next.family(), token.family());
        assert_eq!(next.expose().len(), Secret::<RefreshToken>::LENGTH);
        // Beyond the last there is none: the count stays, and nothing overflows.
        let last = Lineage { generation: u64::MAX, ..lineage };
        let last = Secret::of_lineage(Id::random(), &random(), &last);
        assert_eq!(last.successor(&[1; 32]).generation(), Lineage::LAST_GENERATION);
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
                    assert_eq!(Access::parse(&text).err(), Some(Malformed), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn a_number_too_large_for_its_part_is_refused_though_its_check_is_right() {
        let body = format!("jta_{:0>22}{}{:0>22}", 0, "z".repeat(22), 0);
        let text = format!("{body}{}", checksum(&body));
        assert_eq!(text.len(), Access::LENGTH);
        assert!(Access::parse(&text).is_err());
        assert!(Id::from_str(&"z".repeat(22)).is_err());
    }

    #[test]
    fn one_kind_is_not_read_as_another() {
        let good = access();
        assert!(Secret::<ClientSecret>::parse(good.expose()).is_err());
        assert!(Secret::<RefreshToken>::parse(good.expose()).is_err());
        for text in ["", "jta_", "jta", "_", "é", &"a".repeat(10_000)] {
            assert!(Access::parse(text).is_err());
        }
    }

    #[test]
    fn nothing_prints_a_secret() {
        assert_eq!(format!("{:?}", access()), "Secret(access token, redacted)");
    }
}
