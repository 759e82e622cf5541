//! Rate limits of password attempts, and how far the deployment trusts `X-Forwarded-For`.

use std::time::Duration;

use super::{InvalidVariable, Variables};

/// The rate limits. They cannot be turned off; a test deployment raises them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// `JETON_LOGIN_ATTEMPTS_PER_ACCOUNT`, 1 to 1,000,000, else 10: how many attempts at one account may fail within
    /// a window, on each channel. A browser with a device cookie of the account has as many of its own.
    pub per_account: u64,
    /// `JETON_LOGIN_ATTEMPTS_PER_ADDRESS`, 1 to 1,000,000, else 100: how many attempts from one address may fail within
    /// a window, on each channel, at all accounts together. Users behind one router share the limit.
    pub per_address: u64,
    /// `JETON_LOGIN_WINDOW_SECONDS`, 60 to 86,400, else 900: the length of a window.
    pub window: Duration,
    /// `JETON_TRUSTED_PROXIES`, 0 to 8, else 0: how many proxies of the deployment stand before the gateway. So many
    /// entries at the end of `X-Forwarded-For` are trusted.
    pub trusted_proxies: u8,
    /// `JETON_API_TRUSTED_PROXIES`, 0 to 8, else 0: the same for the protected APIs, whose gateways call the
    /// authorizer. The deployment's own proxies do not stand before them.
    pub api_trusted_proxies: u8,
}

impl RateLimit {
    pub(super) fn read<F: Fn(&str) -> Option<String>>(
        variables: &Variables<F>,
    ) -> Result<Self, InvalidVariable> {
        let proxies = |variable| variables.parsed_if(variable, "0 to 8", |proxies: &u8| *proxies <= 8);
        Ok(Self {
            per_account: variables.number("JETON_LOGIN_ATTEMPTS_PER_ACCOUNT", 1..=1_000_000, 10)?,
            per_address: variables.number("JETON_LOGIN_ATTEMPTS_PER_ADDRESS", 1..=1_000_000, 100)?,
            window: variables.seconds("JETON_LOGIN_WINDOW_SECONDS", 60..=86_400, 900)?,
            trusted_proxies: proxies("JETON_TRUSTED_PROXIES")?.unwrap_or(0),
            api_trusted_proxies: proxies("JETON_API_TRUSTED_PROXIES")?.unwrap_or(0),
        })
    }
}
