//! The form that requests a new personal token.

use std::time::Duration;

use shared::{
    config::{AccountPages, DisplayName},
    endpoint::SignedIn,
    http::Form,
    oauth::Scope,
    pages::{CreateError, Lifetime},
    users::personal::{Kind, NewToken, Presented},
};

/// The lifetimes of an API token: the form's value, and the number of days. The first is preselected.
const DAYS: [(&str, Option<u64>); 5] =
    [("30", Some(30)), ("7", Some(7)), ("90", Some(90)), ("365", Some(365)), ("never", None)];
/// The form's value for a temporary token.
const TEMPORARY: &str = "temporary";

/// Returns the lifetimes in the form's order: the form's value, and the lifetime.
pub(crate) fn lifetimes(temporary: Duration) -> Vec<(&'static str, Lifetime)> {
    let api =
        DAYS.iter().map(|(value, days)| (*value, duration(*days).map_or(Lifetime::Unlimited, Lifetime::For)));
    api.chain([(TEMPORARY, Lifetime::Temporary(temporary))]).collect()
}

/// Parses the form of `user`.
pub(crate) fn parse(
    user: &SignedIn,
    form: &Form,
    account: &AccountPages,
) -> Result<(Kind, NewToken), CreateError> {
    let name: DisplayName =
        form.get("name").unwrap_or_default().parse().map_err(|_| CreateError::InvalidName)?;
    let chosen = form.names_after("allow:").filter(|value| account.personal_scopes.has(value));
    let scope = Scope::of(chosen).unwrap_or_default();
    if scope.is_empty() {
        return Err(CreateError::NoScope);
    }
    let lasts = form.get("lasts").unwrap_or_default();
    let (kind, lifetime) = match DAYS.iter().find(|(value, _)| *value == lasts) {
        Some((_, days)) => (Kind::Api, duration(*days)),
        None if lasts == TEMPORARY => (Kind::Temporary, Some(account.temporary_token)),
        None => return Err(CreateError::NoLifetime),
    };
    Ok((kind, NewToken { user: user.user, name, scope, lifetime }))
}

/// Derives the form's token from the session's secret and the page, so that no one else can make it.
pub(crate) fn derive(user: &SignedIn, page_id: &str, kind: Kind, request: &NewToken) -> Presented {
    let (scope, lifetime) = (request.scope.to_string(), format!("{:?}", request.lifetime));
    let parts = [page_id, kind.as_str(), request.name.as_str(), &scope, &lifetime];
    let purposed = |purpose| [&[purpose], parts.as_slice()].concat();
    let id = user.secret.seal_id(&purposed("personal-token-id"));
    Presented::new(kind, id, &user.secret.seal(&purposed("personal-token")))
}

fn duration(days: Option<u64>) -> Option<Duration> {
    days.map(|days| Duration::from_hours(days * 24))
}
