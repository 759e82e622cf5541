//! Signing keys, as text and as JSON.

use serde_json::{Value, json};
use shared::{
    config::SigningKeys,
    openid::{KeyList, SigningKey},
    time::Timestamp,
};
use strum::IntoStaticStr;

use crate::admin::output::{utc, yes_or_no};

/// What to do if the environment does not say which keys are deployed.
pub(super) const UNKNOWN: &str = "Which keys the deployment may sign with is not known here: set JETON_SIGNING_KEYS, \
as the stack's output Environment does, or compare with the parameter SigningKeys.";

pub(super) const HEADINGS: [&str; 6] = ["KID", "NAME", "DEPLOYED", "STATE", "SIGNS FROM", "PUBLISHED UNTIL"];

/// The place of a key in the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(super) enum State {
    /// The key is published, and does not sign yet.
    Waiting,
    Signing,
    /// Another key signs, or the deployment lacks this one. What the key signed is verified.
    Published,
    /// The key verifies an `id_token_hint`, and nothing else.
    Hints,
    /// Nothing that the key signed counts any more.
    Expired,
}

/// Returns the state of `key`. If it is not known what is deployed, every key is taken to be.
pub(super) fn state(
    list: &KeyList,
    key: &SigningKey,
    deployed: Option<&SigningKeys>,
    now: Timestamp,
) -> State {
    let signing = match deployed {
        Some(keys) => list.signing(keys, now),
        None => list.keys().iter().rfind(|key| key.use_from <= now),
    };
    if signing.is_some_and(|signing| signing.kid == key.kid) {
        State::Signing
    } else if key.use_from > now {
        State::Waiting
    } else if !key.is_retired(now) {
        State::Published
    } else if !key.is_expired(now) {
        State::Hints
    } else {
        State::Expired
    }
}

pub(super) fn json(list: &KeyList, deployed: Option<&SigningKeys>, now: Timestamp) -> Value {
    let json = |key: &SigningKey| {
        json!({
            "kid": key.kid,
            "name": key.name,
            "deployed": deployed.map(|keys| keys.permit(&key.name)),
            "state": <&str>::from(state(list, key, deployed, now)),
            "use_from": key.use_from.seconds(),
            "published_until": key.published_until.map(Timestamp::seconds),
            "hints_until": key.hints_until.map(Timestamp::seconds),
        })
    };
    list.keys().iter().map(json).collect()
}

pub(super) fn row(
    list: &KeyList,
    key: &SigningKey,
    deployed: Option<&SigningKeys>,
    now: Timestamp,
) -> [String; 6] {
    [
        key.kid.clone(),
        key.name.to_string(),
        deployed.map_or_else(|| "unknown".to_owned(), |keys| yes_or_no(keys.permit(&key.name))),
        <&str>::from(state(list, key, deployed, now)).to_owned(),
        utc(key.use_from),
        key.published_until.map_or_else(|| "no end yet".to_owned(), utc),
    ]
}
