//! How often somebody may try to sign in, and whom the deployment believes about addresses.

use std::time::Duration;

use super::{Invalid, Variables};

/// What holds back those who guess passwords. There is no way to turn it off; a test deployment raises it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttling {
    /// `JETON_LOGIN_ATTEMPTS_PER_ACCOUNT`, 1 to 1,000,000, 10 by default: how many attempts at one account may fail
    /// within a window, by each way in. A browser that its owner has signed in with before has as many of its own.
    pub per_account: u64,
    /// `JETON_LOGIN_ATTEMPTS_PER_ADDRESS`, 1 to 1,000,000, 100 by default: how many attempts from one address may
    /// fail within a window, by each way in, at whatever accounts. People behind one router share it.
    pub per_address: u64,
    /// `JETON_LOGIN_WINDOW_SECONDS`, 60 to 86,400, 900 by default: how long a window is.
    pub window: Duration,
    /// `JETON_TRUSTED_PROXIES`, 0 to 8, 0 by default: how many proxies of the deployment's own stand before the
    /// gateway, so that `X-Forwarded-For` is to be believed as far as they have written it.
    pub trusted_proxies: u8,
    /// `JETON_API_TRUSTED_PROXIES`, 0 to 8, 0 by default: the same for the protected APIs, whose gateways call the
    /// authorizer. The deployment's own proxies do not stand before them.
    pub api_trusted_proxies: u8,
}

impl Throttling {
    pub(super) fn read<F: Fn(&str) -> Option<String>>(variables: &Variables<F>) -> Result<Self, Invalid> {
        let proxies = |variable| variables.such_that(variable, "0 to 8", |proxies: &u8| *proxies <= 8);
        Ok(Self {
            per_account: variables.number("JETON_LOGIN_ATTEMPTS_PER_ACCOUNT", 1..=1_000_000, 10)?,
            per_address: variables.number("JETON_LOGIN_ATTEMPTS_PER_ADDRESS", 1..=1_000_000, 100)?,
            window: variables.seconds("JETON_LOGIN_WINDOW_SECONDS", 60..=86_400, 900)?,
            trusted_proxies: proxies("JETON_TRUSTED_PROXIES")?.unwrap_or(0),
            api_trusted_proxies: proxies("JETON_API_TRUSTED_PROXIES")?.unwrap_or(0),
        })
    }
}
