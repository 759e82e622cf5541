//! Personal tokens: what a person makes for programs of their own, which then call APIs as that person.
//!
//! No client and no grant stands behind one: a personal token is one item, `t#…`, and its scope is what its person
//! chose of what the deployment lets people give away. Whoever checks it asks the person's status, as for a grant.

mod store;

pub use store::{NotCreated, Store};

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    grant::{DECISION_LIFETIME, Dead},
    label::Label,
    scope::Scope,
    secret::{self, ApiToken, Digest, Id, Secret, TemporaryToken},
    status::{Fallen, Status, Whose},
    time::{Day, Timestamp},
};

/// The two kinds of personal tokens. They differ in their prefix and in how long they may live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Lives as long as its person said, or until it is ended.
    #[serde(rename = "p")]
    Api,
    /// Lives as long as the deployment lets it: some hours.
    #[serde(rename = "t")]
    Temporary,
}

impl Kind {
    /// In one word, for people and scripts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Temporary => "temporary",
        }
    }
}

/// The `t#…` item. Unlike a grant it has no `p`: the set `o#…` lists a person's tokens, and is never behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonalToken {
    /// `t#` and the token's id.
    #[serde(rename = "pk")]
    key: String,
    /// The version of this format: 1.
    #[serde(rename = "v")]
    version: u8,
    /// Which kind.
    #[serde(rename = "k")]
    pub kind: Kind,
    /// Whose it is.
    #[serde(rename = "u")]
    pub person: Id,
    /// What they call it.
    #[serde(rename = "n")]
    pub name: Label,
    /// What it is good for. A String Set.
    #[serde(rename = "sc", default, skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// Its digest; impossible once ended.
    #[serde(rename = "d")]
    digest: Digest<secret::PersonalToken>,
    /// When it was made. Compared with the person's `not_before`.
    #[serde(rename = "ia")]
    pub created_at: Timestamp,
    /// When it stops working. Absent: never.
    #[serde(rename = "ax", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The last day on which it was used.
    #[serde(rename = "lu", default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Day>,
    /// When it was ended, if it was.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// When DynamoDB may delete it, in epoch seconds; absent while it neither expires nor was ended. Not before the form
    /// that it was made with is over: sent again, the form would make the very same token.
    #[serde(rename = "ttl", default, skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
}

/// What a new token is to be.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Whose.
    pub person: Id,
    /// What they call it.
    pub name: Label,
    /// What it is good for.
    pub scope: Scope,
    /// How long it lives. `None`: until it is ended.
    pub lifetime: Option<Duration>,
}

/// A personal token as its holder shows it.
#[derive(Debug)]
pub enum Presented {
    /// One that was made to last.
    Api(Secret<ApiToken>),
    /// One for a few hours.
    Temporary(Secret<TemporaryToken>),
}

impl Presented {
    /// A new token of this kind for the item called `id`, with these 256 bits.
    pub fn new(kind: Kind, id: Id, key: &[u8; 32]) -> Self {
        match kind {
            Kind::Api => Self::Api(Secret::new(id, key)),
            Kind::Temporary => Self::Temporary(Secret::new(id, key)),
        }
    }

    /// The token that reads `text`, if it is one of either kind.
    pub fn parse(text: &str) -> Option<Self> {
        let temporary = || Secret::parse(text).ok().map(Self::Temporary);
        Secret::parse(text).ok().map(Self::Api).or_else(temporary)
    }

    /// Which kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Api(_) => Kind::Api,
            Self::Temporary(_) => Kind::Temporary,
        }
    }

    /// What its item is called.
    pub const fn id(&self) -> Id {
        match self {
            Self::Api(secret) => secret.id(),
            Self::Temporary(secret) => secret.id(),
        }
    }

    /// What the item keeps of it.
    pub fn digest(&self) -> Digest<secret::PersonalToken> {
        let bytes = match self {
            Self::Api(secret) => *secret.digest().as_bytes(),
            Self::Temporary(secret) => *secret.digest().as_bytes(),
        };
        Digest::from_bytes(bytes)
    }

    /// The string itself, for the one answer that hands it to its holder.
    pub fn expose(&self) -> &str {
        match self {
            Self::Api(secret) => secret.expose(),
            Self::Temporary(secret) => secret.expose(),
        }
    }
}

impl PersonalToken {
    /// The most that one person may have at a time.
    pub const MOST: usize = 50;
    /// The longest that one lives which does not live for ever: ten years.
    pub const LONGEST: Duration = Duration::from_hours(3_650 * 24);
    /// How long one that was ended is still known, so that a late write cannot revive it.
    const KEPT: Duration = Duration::from_hours(24);
    /// What every token's key begins with.
    const PREFIX: &str = "t#";

    /// The token that `wish` asks for at `now`, which its holder will know as `presented`.
    pub fn new(wish: Wish, presented: &Presented, now: Timestamp) -> Self {
        let expires_at = wish.lifetime.map(|lifetime| now.after(lifetime));
        Self {
            key: Self::key(presented.id()),
            version: 1,
            kind: presented.kind(),
            person: wish.person,
            name: wish.name,
            scope: wish.scope,
            digest: presented.digest(),
            created_at: now,
            expires_at,
            last_used: None,
            ended_at: None,
            ttl: expires_at.map(|end| end.after(DECISION_LIFETIME).seconds() + 1),
        }
    }

    fn key(id: Id) -> String {
        format!("{}{id}", Self::PREFIX)
    }

    /// What it is called in lists, and ended by.
    pub fn id(&self) -> &str {
        self.key.strip_prefix(Self::PREFIX).unwrap_or_default()
    }

    /// Whether `presented` is this token, and works at `now`: the item's own word, before the person's status is asked.
    pub fn is_live(&self, presented: &Presented, now: Timestamp) -> Result<(), Dead> {
        if self.digest == presented.digest() {
            self.has_time_left(now)
        } else {
            Err(if self.ended_at.is_some() { Dead::Ended } else { Dead::Unknown })
        }
    }

    /// Whether it has neither ended nor expired by `now`.
    pub fn has_time_left(&self, now: Timestamp) -> Result<(), Dead> {
        match (self.ended_at, self.expires_at) {
            (Some(_), _) => Err(Dead::Ended),
            (None, Some(end)) if end.has_passed(now) => Err(Dead::Expired),
            (None, _) => Ok(()),
        }
    }

    /// What it is good for in a deployment where users may give `offered` to their tokens: no more than that, whatever it
    /// was made with. `None`: nothing is left, and the token does not work.
    pub fn scope_within(&self, offered: &Scope) -> Option<Scope> {
        Some(self.scope.within(offered)).filter(|scope| !scope.is_empty())
    }

    /// Whose standing decides about it.
    pub const fn depends_on(&self) -> Whose {
        Whose::Person(self.person)
    }

    /// Whether its person is in good standing, and has not ended everything since it was made.
    pub fn is_upheld_by(&self, status: Option<&Status>) -> Result<(), Fallen> {
        self.depends_on().upholds(status, self.created_at)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn presented(kind: Kind) -> Presented {
        Presented::new(kind, Id::from_bits(7), &[9; 32])
    }

    fn token(lifetime: Option<Duration>) -> PersonalToken {
        let wish =
            Wish { person: Id::from_bits(1), name: "n".parse().unwrap(), scope: Scope::default(), lifetime };
        PersonalToken::new(wish, &presented(Kind::Api), NOW)
    }

    #[test]
    fn each_kind_has_its_own_prefix_and_the_same_bits_make_two_tokens() {
        let (api, temporary) = (presented(Kind::Api), presented(Kind::Temporary));
        assert!(api.expose().starts_with("jtp_") && temporary.expose().starts_with("jtt_"));
        assert_eq!(token(None).is_live(&api, NOW), Ok(()));
        assert_eq!(token(None).is_live(&temporary, NOW), Err(Dead::Unknown));
        for presented in [api, temporary] {
            let parsed = Presented::parse(presented.expose()).unwrap();
            assert_eq!((parsed.kind(), parsed.digest()), (presented.kind(), presented.digest()));
        }
        assert!(
            Presented::parse(Secret::<secret::AccessToken>::new(Id::random(), &[1; 32]).expose()).is_none()
        );
    }

    #[test]
    fn a_token_works_until_its_end_and_one_without_an_end_for_ever() {
        let (hour, api) = (Duration::from_hours(1), presented(Kind::Api));
        let last = Timestamp::from_millis(NOW.after(hour).millis() - 1);
        assert_eq!(token(Some(hour)).is_live(&api, last), Ok(()));
        assert_eq!(token(Some(hour)).is_live(&api, NOW.after(hour)), Err(Dead::Expired));
        assert_eq!(token(None).is_live(&api, Timestamp::from_millis(u64::MAX)), Ok(()));
        assert_eq!(token(None).ttl, None);
    }

    #[test]
    fn the_largest_token_costs_one_write_unit() {
        let values: Vec<String> = (10..24).map(|nth| format!("{nth:0>16}")).collect();
        let scope = Scope::of(values.iter().map(String::as_str)).unwrap();
        assert!(scope.fits_a_grant());
        let name: Label = "\u{1F600}".repeat(100).parse().unwrap();
        let wish = Wish { person: Id::random(), name, scope, lifetime: Some(PersonalToken::LONGEST) };
        let mut token = PersonalToken::new(wish, &presented(Kind::Temporary), NOW);
        token.last_used = Some(NOW.day());
        token.ended_at = Some(NOW);
        // JSON is longer than DynamoDB's own form, with its quotes and its digits for bytes.
        let json = serde_json::to_string(&token).unwrap();
        assert!(json.len() < 1_024, "{}", json.len());
    }
}
