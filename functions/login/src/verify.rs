//! Verifying a password that a form holds.

use shared::{
    endpoint::{Call, PasswordCredentials, PasswordError, VerifiedUser},
    pages::{ErrorPage, LoginError},
    users::{
        device_cookie::ProvenDeviceCookie,
        rate_limit::{Account, Channel, Origin},
    },
};

/// Verifies `password` within the rate limit: that of the browser's device cookie, if it has one of the user, else that of
/// its address. Returns the user with this device cookie, or the error that the form is shown again with.
pub(crate) async fn verify(
    call: &Call<'_>,
    username: &str,
    password: &str,
) -> Result<Result<(VerifiedUser, Option<ProvenDeviceCookie>), LoginError>, ErrorPage> {
    let cookie = shared::endpoint::device_cookie(call, Account::named(username)).await?;
    let origin = cookie.as_ref().map_or_else(|| Origin::Address(call.address()), Origin::DeviceCookie);
    let credentials = PasswordCredentials { channel: Channel::LoginPage, username, password, origin };
    match call.verify_password(&credentials).await {
        Ok(verified) => Ok(Ok((verified, cookie))),
        Err(PasswordError::Invalid(_)) => Ok(Err(LoginError::WrongCredentials)),
        Err(PasswordError::RateLimited { retry_after, .. }) => {
            Ok(Err(LoginError::TooManyAttempts(retry_after)))
        }
        Err(PasswordError::Table(error)) => Err(error.into()),
    }
}
