//! Signing out.

use lambda_http::http::StatusCode;
use shared::{
    audit::Event,
    endpoint::{Call, SESSION_COOKIE},
    http::{Form, Response},
    pages::{ErrorKind, ErrorPage, SignedOutPage},
};

/// Ends the session. The form must have been sent to this session: another site must not sign users out.
pub(crate) async fn sign_out(call: &Call<'_>) -> Result<Response, ErrorPage> {
    let form = Form::parse(&call.request)?;
    let view = call.view();
    let mut response = view.show(StatusCode::OK, &SignedOutPage { view });
    // Another site's form comes without the cookie (`SameSite`), and must not clear it either.
    let Some(user) = shared::endpoint::signed_in(call).await? else { return Ok(response) };
    user.check_csrf(&form, &["logout"]).map_err(|page| still_signed_in(page.reason))?;
    let everywhere = form.get("where") == Some("everywhere");
    if everywhere {
        call.app.users.sign_out_everywhere(user.user, call.now).await?;
    }
    call.app.sessions.end(&user.secret, call.now).await?;
    call.audit(Event::SignedOut { user: user.user, everywhere });
    SESSION_COOKIE.clear(&mut response, &call.issuer()?);
    Ok(response)
}

fn still_signed_in(reason: String) -> ErrorPage {
    ErrorPage::new(ErrorKind::StillSignedIn, reason).with_retry("/login".to_owned())
}
