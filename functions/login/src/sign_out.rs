//! Signing out.

use lambda_http::http::StatusCode;
use shared::{
    endpoint::{Call, SignOut},
    http::{Form, Response},
    pages::{ErrorPage, SignedOutPage, WayBack},
};

/// Ends the session.
pub(crate) async fn sign_out(call: &Call<'_>) -> Result<Response, ErrorPage> {
    let form = Form::parse(&call.request)?;
    let view = call.view();
    let page = SignedOutPage { view, way_back: WayBack::None };
    let mut response = view.show(StatusCode::OK, &page);
    // Another site's form comes without the cookie (`SameSite`), and must not clear it either.
    let Some(user) = shared::endpoint::signed_in(call).await? else { return Ok(response) };
    user.check_sign_out(&form, &["logout"]).map_err(|page| page.with_retry("/login".to_owned()))?;
    let everywhere = form.get("where") == Some("everywhere");
    let sessions = if everywhere { SignOut::Everywhere } else { SignOut::ThisBrowser };
    user.sign_out(call, sessions, &mut response).await?;
    Ok(response)
}
