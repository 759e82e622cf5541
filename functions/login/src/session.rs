//! The session and the device cookie that a browser gets once its user is verified.

use lambda_http::http::header;
use shared::{
    endpoint::{Call, DEVICE_COOKIE, SESSION_COOKIE},
    http::Response,
    pages::ErrorPage,
    secret::Id,
    time::Timestamp,
    users::{
        device_cookie::{self, ProvenDeviceCookie},
        user_agent::UserAgent,
    },
};

/// Begins a session of `user` at `at` in the browser that gets `response`.
pub(crate) async fn begin(
    call: &Call<'_>,
    response: &mut Response,
    user: Id,
    at: Timestamp,
) -> Result<(), ErrorPage> {
    let header = call.request.headers().get(header::USER_AGENT);
    let user_agent = header.map(|value| UserAgent::of(value.as_bytes())).unwrap_or_default();
    let secret = call.app.sessions.begin(user, user_agent, at).await?;
    SESSION_COOKIE.set(response, &call.issuer()?, secret.expose(), call.app.config.session.absolute);
    Ok(())
}

/// Gives the browser a new device cookie of `user` in place of the `earlier` one. The user is verified even if this write
/// fails: then the browser keeps the device cookie that it had.
pub(crate) async fn renew_device_cookie(
    call: &Call<'_>,
    response: &mut Response,
    user: Id,
    earlier: Option<ProvenDeviceCookie>,
    at: Timestamp,
) -> Result<(), ErrorPage> {
    if let Ok(renewed) = call.app.device_cookies.remember(user, earlier, at).await {
        DEVICE_COOKIE.set(response, &call.issuer()?, renewed.expose(), device_cookie::LIFETIME);
    }
    Ok(())
}
