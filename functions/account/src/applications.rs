//! The applications that may use a person's account, and the end of that.

use std::collections::BTreeMap;

use lambda_http::http::StatusCode;
use shared::{
    audit::Event,
    client::ClientId,
    grant::{Grant, State, Why},
    http::{Call, Form, Response},
    page::{self, AccountPage, Allowed, Problem, Section, View},
    scope::Scope,
    secret::Id,
    session::SignedIn,
    status::Whose,
    table,
    time::Timestamp,
};

use crate::{check_seal, seal, section};

/// What a form that ends an application's access is sealed for.
const END: &str = "end-application";
/// The most grants that one page looks at.
const MOST_GRANTS: usize = 1_000;

/// Shows what may use the account.
pub(crate) async fn show(call: &Call<'_>, person: &SignedIn) -> Result<Response, Problem> {
    let applications = list(call, person).await?;
    let view = View::of(call);
    let page = AccountPage {
        view,
        section: section(call, person, Section::APPLICATIONS),
        username: &person.username,
        applications: &applications,
        logout_csrf: seal(person, &["logout"]),
    };
    Ok(view.show(StatusCode::OK, &page))
}

/// What an application was granted, over all of its grants.
struct Granted {
    scope: Scope,
    since: Timestamp,
}

/// The applications with a grant that works. The index lags: one of this very moment may be missing.
async fn list(call: &Call<'_>, person: &SignedIn) -> Result<Vec<Allowed>, Problem> {
    let mut granted: BTreeMap<String, (ClientId, Granted)> = BTreeMap::new();
    for (_, grant) in grants(call, person).await? {
        if !works(&grant, person, call.now) {
            continue;
        }
        let first = || (grant.client.clone(), Granted { scope: Scope::default(), since: grant.issued_at });
        let (_, all) = granted.entry(grant.client.to_string()).or_insert_with(first);
        all.scope = all.scope.with(&grant.scope);
        all.since = all.since.min(grant.issued_at);
    }
    let wanted: Vec<_> = granted.values().map(|(client, _)| Whose::Client(client.clone())).collect();
    let mut names = Vec::new();
    for some in wanted.chunks(table::MOST_AT_ONCE) {
        names.extend(call.app.statuses.find(some).await?);
    }
    // Without a status the client was deleted, and what it was granted is dead.
    let known = granted
        .into_values()
        .zip(names)
        .filter_map(|(granted, status)| status.map(|status| (granted, status)));
    let mut applications: Vec<_> = known
        .map(|((client, granted), status)| Allowed {
            csrf: seal(person, &[END, client.as_str()]),
            id: client.to_string(),
            name: status.name,
            scope: granted.scope.to_string(),
            since: granted.since.day().to_string(),
        })
        .collect();
    applications.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    Ok(applications)
}

/// Ends whatever an application was granted by this person, and forgets that they agreed.
pub(crate) async fn end(call: &Call<'_>, person: &SignedIn, form: &Form) -> Result<Response, Problem> {
    let client = form.get("end").unwrap_or_default();
    check_seal(person, form, &[END, client])?;
    if let Ok(client) = client.parse::<ClientId>() {
        // First, so that no new code is issued without a question while the old grants end.
        call.app.consents.forget(person.person, &client).await?;
        let grants = grants(call, person).await?;
        let its: Vec<Id> =
            grants.iter().filter(|(_, grant)| grant.client == client).map(|(id, _)| *id).collect();
        call.app.grants.sweep(&its, Why::Withdrawn, call.now, || ()).await?;
        call.audit(Event::Withdrawn { client: &client, person: person.person });
    }
    Ok(page::see_other(Section::APPLICATIONS))
}

/// The person's grants.
async fn grants(call: &Call<'_>, person: &SignedIn) -> Result<Vec<(Id, Grant)>, table::Error> {
    let mut ids = call.app.grants.of_person(person.person).await?;
    ids.truncate(MOST_GRANTS);
    call.app.grants.find_all(&ids).await
}

/// Whether `grant` is good for anything at `now`.
fn works(grant: &Grant, person: &SignedIn, now: Timestamp) -> bool {
    let over = grant.expires_at.is_some_and(|end| end.has_passed(now));
    grant.state == State::Active && !over && person.status.upholds(grant.issued_at).is_ok()
}
