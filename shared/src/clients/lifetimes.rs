//! Lifetimes of a client's codes and tokens.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::InvalidRegistration;
use crate::oauth::{Switch, Switches};

/// Lifetimes of a client's codes and tokens, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetimes {
    /// Of an authorization code: 10 to 600.
    pub code: u32,
    /// Of an access token: 60 to 86,400; with the switch `ttl` up to 7,776,000, or 0, which is without end.
    pub access_token: u32,
    /// With the switch `ttl`: the longest that a token request may choose, up to 7,776,000, or 0, which is without end.
    /// `None`: `access_token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_access_token: Option<u32>,
    /// Of an unused refresh token: 60 to 7,776,000.
    pub refresh_token: u32,
    /// How long after its rotation a refresh token may be presented again, for the same tokens: 0 to 300.
    pub refresh_grace: u32,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            code: 60,
            access_token: 3_600,
            longest_access_token: None,
            refresh_token: 30 * 86_400,
            refresh_grace: 60,
        }
    }
}

impl Lifetimes {
    /// The longest lifetime of an access token without the switch `ttl`.
    pub const MOST_ACCESS_TOKEN: u32 = 86_400;

    /// Checks that a client with these switches may have the lifetimes.
    pub(super) fn check(&self, compat: &Switches) -> Result<(), InvalidRegistration> {
        const MOST: u32 = 90 * 86_400;

        let by_request = compat.has(Switch::Ttl);
        if self.longest_access_token.is_some() && !by_request {
            return Err(InvalidRegistration::LongestLifetimeNeedsSwitch);
        }
        // 0 means without end.
        let bounded = |seconds: u32| if by_request && seconds == 0 { MOST } else { seconds };
        let access_token = bounded(self.access_token);
        let longest = self.longest_access_token.map_or(access_token, bounded);
        let most_access_token = if by_request { MOST } else { Self::MOST_ACCESS_TOKEN };
        for (name, value, least, most) in [
            ("code's lifetime", self.code, 10, 600),
            ("access token's lifetime", access_token, 60, most_access_token),
            ("longest access token's lifetime", longest, access_token, MOST),
            ("refresh token's lifetime", self.refresh_token, 60, MOST),
            ("refresh grace", self.refresh_grace, 0, 300),
        ] {
            if !(least..=most).contains(&value) {
                return Err(InvalidRegistration::Lifetime { name, least, most });
            }
        }
        Ok(())
    }

    /// Returns the lifetime of an access token. `None`: without end.
    pub fn access_token(&self) -> Option<Duration> {
        endless_if_zero(self.access_token)
    }

    /// Returns the lifetime of an access token for which the client requests `requested`: that, or the longest allowed.
    /// `None`: without end.
    pub fn access_token_of(&self, requested: Option<Duration>) -> Option<Duration> {
        let longest = endless_if_zero(self.longest_access_token.unwrap_or(self.access_token));
        [requested, longest].into_iter().flatten().min()
    }

    pub fn refresh_token(&self) -> Duration {
        Duration::from_secs(self.refresh_token.into())
    }

    pub fn refresh_grace(&self) -> Duration {
        Duration::from_secs(self.refresh_grace.into())
    }
}

fn endless_if_zero(seconds: u32) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}
