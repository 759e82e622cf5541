//! The browsers that a user is signed in with.

use std::cmp::Reverse;

use lambda_http::http::StatusCode;
use shared::{
    audit::Event,
    dynamodb,
    endpoint::{Call, SignedIn},
    http::{self, Form, Response},
    pages::{Ago, ErrorKind, ErrorPage, ListedSession, Section, SessionsPage},
    secret::Id,
    users::session::Session,
};
use tokio::time::timeout;

use crate::{applications::LONGEST, form::check_csrf, section::section};

/// The purpose of a form that ends a session.
const END: &str = "end-session";

/// Shows the user's sessions: this browser's first, then the last used.
pub(crate) async fn show(call: &Call<'_>, user: &SignedIn) -> Result<Response, ErrorPage> {
    let sessions = timeout(LONGEST, sessions(call, user)).await;
    let too_long = |_| ErrorPage::new(ErrorKind::Unavailable, String::from("the user has too many sessions"));
    let mut sessions = sessions.map_err(too_long)??;
    let own = user.secret.id();
    sessions.sort_by_key(|(id, session)| (*id != own, Reverse(session.used_at()), *id));
    let sessions: Vec<_> = sessions.iter().map(|(id, session)| describe(call, user, *id, session)).collect();
    let view = call.view();
    let page = SessionsPage {
        view,
        section: section(call, user, Section::SESSIONS).await?,
        sessions: &sessions,
        logout_csrf: user.csrf(&["logout"]),
    };
    Ok(view.show(StatusCode::OK, &page))
}

/// Reads the sessions that still sign the user in.
async fn sessions(call: &Call<'_>, user: &SignedIn) -> Result<Vec<(Id, Session)>, dynamodb::Error> {
    let mut sessions = call.app.sessions.of_user(user.user, user.secret.id(), call.now).await?;
    sessions.retain(|(_, session)| user.status.is_signed_in_since(session.authenticated_at));
    Ok(sessions)
}

fn describe(call: &Call<'_>, user: &SignedIn, id: Id, session: &Session) -> ListedSession {
    let is_own = id == user.secret.id();
    // The use that this request has recorded counts, although the write may have failed.
    let used_at = if is_own { call.now } else { session.used_at() };
    let name = id.to_string();
    ListedSession {
        csrf: (!is_own).then(|| user.csrf(&[END, &name])),
        id: name,
        user_agent: session.user_agent.clone(),
        signed_in: Ago(call.now.since(session.authenticated_at)),
        last_used: Ago(call.now.since(used_at)),
    }
}

/// Ends a session of another browser.
pub(crate) async fn end(call: &Call<'_>, user: &SignedIn, form: &Form) -> Result<Response, ErrorPage> {
    let name = form.get("end").unwrap_or_default();
    check_csrf(user, form, &[END, name])?;
    if let Ok(session) = name.parse::<Id>()
        && call.app.sessions.end_of(user.user, session, call.now).await?
    {
        call.audit(Event::SessionEnded { user: user.user, session });
    }
    Ok(http::see_other(Section::SESSIONS))
}
