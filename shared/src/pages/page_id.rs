//! Page ids: each page with a form that creates something has an id, which the form sends back. The same form, sent
//! twice, creates one thing; two pages of the same request create two.

use crate::{grants::DECISION_LIFETIME, secret::Id, time::Timestamp};

/// Returns the id of a page that is shown at `now`: that time in milliseconds, a dot and a random id.
pub fn new_page_id(now: Timestamp) -> String {
    format!("{now}.{}", Id::random())
}

/// Returns whether the page was shown [`DECISION_LIFETIME`] ago or more, so that its form is no longer accepted. A
/// malformed id counts as expired.
pub fn is_page_expired(page_id: &str, now: Timestamp) -> bool {
    let shown_at = page_id.split('.').next().and_then(|ms| ms.parse().ok()).map(Timestamp::from_millis);
    shown_at.is_none_or(|shown_at| shown_at.after(DECISION_LIFETIME).has_passed(now))
}
