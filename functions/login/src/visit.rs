//! The visit: it ties a form to the browser that it was sent to, before a user is signed in (RFC 6749 §10.12).

use std::time::Duration;

use shared::{
    endpoint::Call,
    http::Cookie,
    pages::ErrorPage,
    secret::{Id, Secret, Visit, random},
};

/// The cookie of a visit: its secret makes the CSRF tokens of the forms.
pub(crate) const VISIT: Cookie = Cookie::new("jeton-visit");
/// How long a form can be sent back.
pub(crate) const VISIT_LIFETIME: Duration = Duration::from_hours(1);

/// Returns this browser's visit, if it has one.
pub(crate) fn visit(call: &Call<'_>) -> Result<Option<Secret<Visit>>, ErrorPage> {
    Ok(call.cookie_secret(VISIT)?)
}

/// Returns this browser's visit, or a new one. Two tabs of one browser share a visit.
pub(crate) fn visit_or_new(call: &Call<'_>) -> Result<Secret<Visit>, ErrorPage> {
    Ok(visit(call)?.unwrap_or_else(|| Secret::new(Id::random(), &random())))
}
