//! Checks of the account's forms.

use shared::{
    endpoint::{Call, SignedIn},
    http::Form,
    pages::{self, ErrorKind, ErrorPage, Section},
};

/// Checks that `form` was sent to this session for this `purpose`. The page of a failure leads to the account.
pub(crate) fn check_csrf(user: &SignedIn, form: &Form, purpose: &[&str]) -> Result<(), ErrorPage> {
    user.check_csrf(form, purpose).map_err(|page| page.with_retry(Section::APPLICATIONS.to_owned()))
}

/// Checks that `form` comes from a recent page for creating something, and returns the page's id.
pub(crate) fn check_page<'a>(
    call: &Call<'_>,
    user: &SignedIn,
    form: &'a Form,
    purpose: &str,
) -> Result<&'a str, ErrorPage> {
    let page = form.get("page").unwrap_or_default();
    check_csrf(user, form, &[purpose, page])?;
    if pages::is_page_expired(page, call.now) {
        return Err(stale("the page is too old"));
    }
    Ok(page)
}

pub(crate) fn stale(reason: &str) -> ErrorPage {
    ErrorPage::new(ErrorKind::ExpiredPage, reason.to_owned()).with_retry(Section::APPLICATIONS.to_owned())
}
