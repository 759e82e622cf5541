//! Signing out.

use lambda_http::http::StatusCode;
use shared::{
    audit::Event,
    http::{Call, Form, Response},
    page::{Problem, SignedOutPage, Trouble, View},
    session,
};

/// Ends the session, if the form is one that it was shown: another site must not sign people out.
pub(crate) async fn answer(call: &Call<'_>) -> Result<Response, Problem> {
    let form = Form::parse(&call.request)?;
    let view = View::of(call);
    let mut response = view.show(StatusCode::OK, &SignedOutPage { view });
    // Another site's form comes without the cookie (`SameSite`), and must not clear it either.
    if let Some(person) = session::signed_in(call).await? {
        if !person.secret.has_sealed(&["logout"], form.get("csrf").unwrap_or_default()) {
            let reason = "the form is not one that this browser was shown";
            return Err(
                Problem::new(Trouble::StillSignedIn, reason.to_owned()).with_way_on("/login".to_owned())
            );
        }
        let everywhere = form.get("where") == Some("everywhere");
        if everywhere {
            call.app.users.sign_out_everywhere(person.person, call.now).await?;
        }
        call.app.sessions.end(&person.secret).await?;
        call.audit(Event::SignedOut { person: person.person, everywhere });
        session::COOKIE.clear(&mut response, &call.issuer()?);
    }
    Ok(response)
}
