//! Cookies (RFC 6265), of the strictest kind that the address allows.

use std::time::Duration;

use lambda_http::http::{HeaderValue, header};

use super::{Request, Response};
use crate::config::Issuer;

/// A cookie of ours: sent back to this host only, over TLS only, kept from scripts and from other sites' requests.
///
/// Over plain http, which only a loopback address may use, a browser refuses the `__Host-` prefix and `Secure`; they
/// are left out there.
#[derive(Clone, Copy, Debug)]
pub struct Cookie {
    name: &'static str,
}

impl Cookie {
    /// The cookie of this name.
    pub const fn new(name: &'static str) -> Self {
        Self { name }
    }

    /// Its value in `request`.
    pub fn read<'a>(self, request: &'a Request, issuer: &Issuer) -> Option<&'a str> {
        let name = self.full_name(issuer);
        // Other cookies of the host may be anything: only ours must be text.
        let header = request.headers().get(header::COOKIE)?.as_bytes();
        let pairs =
            header.split(|byte| *byte == b';').filter_map(|pair| std::str::from_utf8(pair.trim_ascii()).ok());
        pairs
            .filter_map(|pair| pair.split_once('='))
            .find_map(|(found, value)| (found == name).then_some(value))
    }

    /// Gives it `value` for `life`.
    pub fn set(self, response: &mut Response, issuer: &Issuer, value: &str, life: Duration) {
        self.write(response, issuer, value, life.as_secs());
    }

    /// Makes the browser forget it.
    pub fn clear(self, response: &mut Response, issuer: &Issuer) {
        self.write(response, issuer, "", 0);
    }

    fn write(self, response: &mut Response, issuer: &Issuer, value: &str, seconds: u64) {
        let secure = if issuer.is_secure() { "; Secure" } else { "" };
        let name = self.full_name(issuer);
        let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }

    fn full_name(self, issuer: &Issuer) -> String {
        let prefix = if issuer.is_secure() { "__Host-" } else { "" };
        format!("{prefix}{}", self.name)
    }
}
