//! The part of a refresh token that tells its place among the refresh tokens of its grant.

use zeroize::Zeroizing;

/// The family and the generation of a refresh token.
#[derive(Clone)]
pub struct Lineage {
    /// 128 random bits that all refresh tokens of one grant share. Only a holder of one of the tokens knows them.
    pub family: Zeroizing<[u8; 16]>,
    /// The number of rotations that led to the token: 0 for a grant's first.
    pub generation: u64,
}

impl Lineage {
    /// Characters in a generation.
    pub(super) const GENERATION: usize = 6;
    /// The largest generation that fits into a token string. A grant cannot reach it: DynamoDB writes one item at most
    /// 1,000 times a second, which makes 8 thousand million rotations in 90 days, and this is 57 thousand million.
    pub(super) const LAST_GENERATION: u64 = 62_u64.pow(6) - 1;

    /// Returns the lineage of a grant's first refresh token.
    pub const fn first(family: Zeroizing<[u8; 16]>) -> Self {
        Self { family, generation: 0 }
    }

    /// Returns the lineage of the token that follows in a rotation.
    pub(super) fn next(self) -> Self {
        Self { generation: (self.generation + 1).min(Self::LAST_GENERATION), ..self }
    }
}
