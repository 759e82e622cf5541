//! Cookies (RFC 6265) with the strictest attributes that the issuer's scheme allows.

use std::time::Duration;

use lambda_http::http::{HeaderValue, header};

use super::{Request, Response};
use crate::oauth::Issuer;

/// A cookie that the browser sends to this host only, over TLS only, and hides from scripts and from other sites'
/// requests.
///
/// Browsers refuse the `__Host-` prefix and `Secure` over plain http, which only a loopback address may use, so both
/// are left out there.
#[derive(Clone, Copy, Debug)]
pub struct Cookie {
    name: &'static str,
}

impl Cookie {
    pub const fn new(name: &'static str) -> Self {
        Self { name }
    }

    /// Returns the cookie's value in `request`.
    pub fn read<'a>(self, request: &'a Request, issuer: &Issuer) -> Option<&'a str> {
        let name = self.full_name(issuer);
        // Another application's cookies on this host may not be UTF-8; they must not hide this cookie.
        let header = request.headers().get(header::COOKIE)?.as_bytes();
        let pairs =
            header.split(|byte| *byte == b';').filter_map(|pair| std::str::from_utf8(pair.trim_ascii()).ok());
        pairs
            .filter_map(|pair| pair.split_once('='))
            .find_map(|(found, value)| (found == name).then_some(value))
    }

    /// Sets the cookie to `value` for `lifetime`.
    pub fn set(self, response: &mut Response, issuer: &Issuer, value: &str, lifetime: Duration) {
        self.write(response, issuer, value, lifetime.as_secs());
    }

    /// Deletes the cookie in the browser.
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
