//! The applications that may use a person's account, and the end of that.

use std::{collections::BTreeMap, time::Duration};

use lambda_http::http::StatusCode;
use shared::{
    audit::Event,
    client::ClientId,
    grant::{Grant, State, Why},
    http::{Call, Form, Response},
    page::{self, AccountPage, Allowed, Problem, Section, Trouble, View},
    scope::Scope,
    secret::Id,
    session::SignedIn,
    status::Whose,
    table,
    time::Timestamp,
};
use tokio::time::timeout;

use crate::{check_seal, seal, section};

/// What a form that ends an application's access is sealed for.
const END: &str = "end-application";
/// How long a request may be busy with a person's grants: well within what the function has. However many there are,
/// none is left out in silence.
pub(crate) const LONGEST: Duration = Duration::from_secs(6);

/// Shows what may use the account.
pub(crate) async fn show(call: &Call<'_>, person: &SignedIn) -> Result<Response, Problem> {
    let applications = list(call, person).await?;
    let view = View::of(call);
    let page = AccountPage {
        view,
        section: section(call, person, Section::APPLICATIONS).await?,
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
    let grants = timeout(LONGEST, grants(call, person)).await;
    let too_long = |_| Problem::new(Trouble::Unavailable, String::from("the person has too many grants"));
    for (_, grant) in grants.map_err(too_long)?? {
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
    // What a client that was deleted had been granted is dead.
    let known = granted.into_values().zip(names).filter_map(|(granted, status)| Some((granted, status?)));
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
        match timeout(LONGEST, end_grants(call, person, &client)).await {
            Ok(ended) => ended.map_err(|error| unfinished(&error.to_string()))?,
            Err(_) => return Err(unfinished("the application has too many grants")),
        }
        call.audit(Event::Withdrawn { client: &client, person: person.person });
    }
    Ok(page::see_other(Section::APPLICATIONS))
}

/// Ends the grants that `client` has of the person. It looks again until there are none: the index lags, and what it
/// did not have yet at the first look it may have at the next.
async fn end_grants(call: &Call<'_>, person: &SignedIn, client: &ClientId) -> Result<(), table::Error> {
    loop {
        let grants = grants(call, person).await?;
        let is_its = |grant: &Grant| grant.client == *client && grant.state != State::Ended;
        let its: Vec<Id> = grants.iter().filter(|(_, grant)| is_its(grant)).map(|(id, _)| *id).collect();
        if its.is_empty() {
            return Ok(());
        }
        call.app.grants.sweep(&its, Why::Withdrawn, call.now, || ()).await?;
    }
}

/// Some grants may live on: the person is told, rather than sent to a list as if all had gone well.
fn unfinished(reason: &str) -> Problem {
    let reason = format!("not every grant is ended: {reason}");
    Problem::new(Trouble::Unfinished, reason).with_way_on(Section::APPLICATIONS.to_owned())
}

/// The person's grants.
async fn grants(call: &Call<'_>, person: &SignedIn) -> Result<Vec<(Id, Grant)>, table::Error> {
    let ids = call.app.grants.of_person(person.person).await?;
    call.app.grants.find_all(&ids).await
}

/// Whether `grant` is good for anything at `now`.
fn works(grant: &Grant, person: &SignedIn, now: Timestamp) -> bool {
    let over = grant.expires_at.is_some_and(|end| end.has_passed(now));
    grant.state == State::Active && !over && person.status.upholds(grant.issued_at).is_ok()
}
