//! Random ids.

use std::{fmt, str::FromStr};

use serde_with::{DeserializeFromStr, SerializeDisplay};

use super::{
    encoding::{InvalidToken, WIDE, decode},
    random,
};

/// A random id of 128 bits, of a grant, a client or a user. It is not a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay, DeserializeFromStr)]
pub struct Id(u128);

impl Id {
    pub fn random() -> Self {
        Self(u128::from_be_bytes(*random()))
    }

    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> u128 {
        self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0>WIDE$}", base62::encode_fmt(self.0))
    }
}

impl FromStr for Id {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        if text.len() == WIDE { decode(text).map(Self) } else { Err(InvalidToken) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = Id::random();
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in ["", "7", &"z".repeat(WIDE), &format!("0{id}")] {
            assert_eq!(text.parse::<Id>(), Err(InvalidToken), "{text}");
        }
    }
}
