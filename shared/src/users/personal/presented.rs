//! A personal token as its holder presents it.

use serde::{Deserialize, Serialize};

use crate::secret::{ApiToken, Digest, Id, PersonalToken, Secret, TemporaryToken};

/// The kind of a personal token: kinds differ in their prefix and in how long they may live.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::IntoStaticStr,
)]
#[strum(serialize_all = "lowercase")]
pub enum Kind {
    /// Lives as long as its user said, or until the user ends it.
    #[serde(rename = "p")]
    Api,
    /// Lives for some hours: as long as the deployment permits.
    #[serde(rename = "t")]
    Temporary,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A personal token as its holder presents it.
#[derive(Debug)]
pub enum Presented {
    Api(Secret<ApiToken>),
    Temporary(Secret<TemporaryToken>),
}

impl Presented {
    /// Returns a token of this kind for the item with this `id`, with these 256 bits.
    pub fn new(kind: Kind, id: Id, key: &[u8; 32]) -> Self {
        match kind {
            Kind::Api => Self::Api(Secret::new(id, key)),
            Kind::Temporary => Self::Temporary(Secret::new(id, key)),
        }
    }

    /// Parses `text` as a token of either kind.
    pub fn parse(text: &str) -> Option<Self> {
        let temporary = || Secret::parse(text).ok().map(Self::Temporary);
        Secret::parse(text).ok().map(Self::Api).or_else(temporary)
    }

    pub const fn kind(&self) -> Kind {
        match self {
            Self::Api(_) => Kind::Api,
            Self::Temporary(_) => Kind::Temporary,
        }
    }

    /// Returns the id of the token's item.
    pub const fn id(&self) -> Id {
        match self {
            Self::Api(secret) => secret.id(),
            Self::Temporary(secret) => secret.id(),
        }
    }

    /// Returns the digest that the item stores.
    pub fn digest(&self) -> Digest<PersonalToken> {
        let bytes = match self {
            Self::Api(secret) => *secret.digest().as_bytes(),
            Self::Temporary(secret) => *secret.digest().as_bytes(),
        };
        Digest::from_bytes(bytes)
    }

    /// Returns the token itself, for the one response that gives it to its holder.
    pub fn expose(&self) -> &str {
        match self {
            Self::Api(secret) => secret.expose(),
            Self::Temporary(secret) => secret.expose(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::AccessToken;

    #[test]
    fn each_kind_has_its_own_prefix_and_only_they_are_personal_tokens() {
        let token = |kind| Presented::new(kind, Id::from_bits(7), &[9; 32]);
        let (api, temporary) = (token(Kind::Api), token(Kind::Temporary));
        assert!(api.expose().starts_with("jtp_") && temporary.expose().starts_with("jtt_"));
        for token in [api, temporary] {
            let parsed = Presented::parse(token.expose()).unwrap();
            assert_eq!((parsed.kind(), parsed.digest()), (token.kind(), token.digest()));
        }
        assert!(Presented::parse(Secret::<AccessToken>::new(Id::random(), &[1; 32]).expose()).is_none());
        assert_eq!([Kind::Api, Kind::Temporary].map(Kind::as_str), ["api", "temporary"]);
    }
}
