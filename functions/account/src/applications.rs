//! The applications that may use a user's account.

use std::{collections::BTreeMap, time::Duration};

use lambda_http::http::StatusCode;
use shared::{
    audit::Event,
    dynamodb,
    endpoint::{Call, SignedIn},
    grants::{EndReason, Grant, State},
    http::{self, Form, Response},
    oauth::{ClientId, Scope},
    pages::{AccountPage, ErrorKind, ErrorPage, ListedApplication, Section},
    secret::Id,
    status::Principal,
    time::Timestamp,
};
use tokio::time::timeout;

use crate::{form::check_csrf, section::section};

/// The purpose of a form that ends an application's access.
const END: &str = "end-application";
/// The longest that a request works on a user's grants: well within the function's timeout. A request that does not
/// finish says so.
pub(crate) const LONGEST: Duration = Duration::from_secs(6);

/// Shows the applications.
pub(crate) async fn show(call: &Call<'_>, user: &SignedIn) -> Result<Response, ErrorPage> {
    let applications = list(call, user).await?;
    let view = call.view();
    let page = AccountPage {
        view,
        section: section(call, user, Section::APPLICATIONS).await?,
        username: &user.username,
        applications: &applications,
        logout_csrf: user.csrf(&["logout"]),
    };
    Ok(view.show(StatusCode::OK, &page))
}

/// An application's access, over all of its grants.
struct Access {
    client: ClientId,
    scope: Scope,
    since: Timestamp,
    last_used: Timestamp,
}

/// Lists the applications with a valid grant. The index may lag behind: a grant from this very moment may be missing.
async fn list(call: &Call<'_>, user: &SignedIn) -> Result<Vec<ListedApplication>, ErrorPage> {
    let grants = timeout(LONGEST, grants(call, user)).await;
    let too_long = |_| ErrorPage::new(ErrorKind::Unavailable, String::from("the user has too many grants"));
    let mut by_client: BTreeMap<String, Access> = BTreeMap::new();
    for (_, grant) in grants.map_err(too_long)?? {
        if !is_valid(&grant, user, call.now) {
            continue;
        }
        let access = by_client.entry(grant.client.to_string()).or_insert_with(|| Access {
            client: grant.client.clone(),
            scope: Scope::default(),
            since: grant.issued_at,
            last_used: grant.issued_at,
        });
        access.scope = access.scope.with(&grant.scope);
        access.since = access.since.min(grant.issued_at);
        access.last_used = access.last_used.max(last_used(&grant));
    }
    let clients: Vec<_> = by_client.values().map(|access| Principal::Client(access.client.clone())).collect();
    let mut statuses = Vec::new();
    for chunk in clients.chunks(dynamodb::MOST_AT_ONCE) {
        statuses.extend(call.app.statuses.find(chunk).await?);
    }
    // Without a status the client was deleted, so its grants are invalid.
    let existing =
        by_client.into_values().zip(statuses).filter_map(|(access, status)| Some((access, status?)));
    let mut applications: Vec<_> = existing
        .map(|(access, status)| ListedApplication {
            csrf: user.csrf(&[END, access.client.as_str()]),
            id: access.client.to_string(),
            name: status.name,
            is_self_registered: access.client.is_self_registered(),
            scope: access.scope.to_string(),
            since: access.since.day().to_string(),
            last_used: access.last_used.day().to_string(),
        })
        .collect();
    applications.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    Ok(applications)
}

/// Ends all grants of an application for this user, and forgets the user's consent.
pub(crate) async fn end(call: &Call<'_>, user: &SignedIn, form: &Form) -> Result<Response, ErrorPage> {
    let client = form.get("end").unwrap_or_default();
    check_csrf(user, form, &[END, client])?;
    let Ok(client) = client.parse::<ClientId>() else { return Ok(http::see_other(Section::APPLICATIONS)) };
    // The consent first, so that no code is issued without the consent page while the grants end.
    call.app.consents.forget(user.user, &client).await?;
    match timeout(LONGEST, end_grants(call, user, &client)).await {
        Ok(ended) => ended.map_err(|error| unfinished(&error.to_string()))?,
        Err(_) => return Err(unfinished("the application has too many grants")),
    }
    call.audit(Event::Withdrawn { client: &client, user: user.user });
    Ok(http::see_other(Section::APPLICATIONS))
}

/// Ends the user's grants for `client`. It reads the index again until it finds none: the index lags behind, and the
/// next read may find a grant that this one missed.
async fn end_grants(call: &Call<'_>, user: &SignedIn, client: &ClientId) -> Result<(), dynamodb::Error> {
    loop {
        let grants = grants(call, user).await?;
        let is_open = |grant: &Grant| grant.client == *client && grant.state != State::Ended;
        let open: Vec<Id> = grants.iter().filter(|(_, grant)| is_open(grant)).map(|(id, _)| *id).collect();
        if open.is_empty() {
            return Ok(());
        }
        call.app.grants.sweep(&open, EndReason::Withdrawn, call.now, || ()).await?;
    }
}

/// Returns an error page, because some grants may not have ended; the list would look as if all had.
fn unfinished(reason: &str) -> ErrorPage {
    let reason = format!("not every grant is ended: {reason}");
    ErrorPage::new(ErrorKind::AccessNotEnded, reason).with_retry(Section::APPLICATIONS.to_owned())
}

async fn grants(call: &Call<'_>, user: &SignedIn) -> Result<Vec<(Id, Grant)>, dynamodb::Error> {
    let ids = call.app.grants.of_user(user.user).await?;
    call.app.grants.find_all(&ids).await
}

/// Returns when the application last got a token of `grant`, or when the grant was issued, if it has no token. Calls to
/// APIs are not recorded.
fn last_used(grant: &Grant) -> Timestamp {
    grant.access.as_ref().map_or(grant.issued_at, |access| access.issued_at)
}

fn is_valid(grant: &Grant, user: &SignedIn, now: Timestamp) -> bool {
    let is_expired = grant.expires_at.is_some_and(|end| end.has_passed(now));
    grant.state == State::Active && !is_expired && user.status.check(grant.issued_at).is_ok()
}
