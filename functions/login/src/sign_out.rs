//! Signing out.

use lambda_http::http::StatusCode;
use shared::{
    audit::Event,
    http::{Call, Form, Response},
    page::{self, Problem, SignedOutPage},
    session,
};

/// Ends the session, if the form is one that it was shown: another site must not sign people out.
pub(crate) async fn answer(call: &Call<'_>) -> Result<Response, Problem> {
    let form = Form::parse(&call.request)?;
    let mut response = page::html(StatusCode::OK, &SignedOutPage);
    // Another site's form comes without the cookie (`SameSite`), and must not clear it either.
    if let Some(person) = session::signed_in(call).await? {
        if !person.secret.has_sealed(&["logout"], form.get("csrf").unwrap_or_default()) {
            return Err(Problem::forbidden(
                "You are still signed in",
                "This form is no longer good. Load the page again, and sign out from there.",
                String::from("the form is not one that this browser was shown"),
            ));
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
