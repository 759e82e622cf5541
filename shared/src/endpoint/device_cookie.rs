//! The device cookie of a request.

use super::Call;
use crate::{
    http::Cookie,
    pages::ErrorPage,
    users::{device_cookie::ProvenDeviceCookie, rate_limit::Account},
};

/// The HTTP cookie that holds a browser's device cookie.
pub const DEVICE_COOKIE: Cookie = Cookie::new("jeton-device");

/// Returns the device cookie of `call`, if it is one of the user of `account`. Without a device cookie, nothing is read.
pub async fn device_cookie(
    call: &Call<'_>,
    account: Account,
) -> Result<Option<ProvenDeviceCookie>, ErrorPage> {
    let Some(secret) = call.cookie_secret(DEVICE_COOKIE)? else { return Ok(None) };
    let Some(cookie) = call.app.device_cookies.find(&secret, call.now).await? else { return Ok(None) };
    let status = call.app.statuses.find_user(cookie.user).await?;
    let is_proven = status.is_some_and(|status| {
        status.check(cookie.signed_in_at).is_ok() && Account::named(&status.name) == account
    });
    Ok(is_proven.then_some(ProvenDeviceCookie(secret)))
}
