//! `jeton token revoke`

use serde_json::json;
use shared::{
    audit::Event,
    grants::{EndReason, Revocation},
    secret::{Secret, Session},
};

use super::{personal, subject::Subject};
use crate::admin::{
    connection::Admin,
    error::{Error, NotFound},
};

pub(super) async fn revoke(admin: &Admin, subject: Subject) -> Result<(), Error> {
    let (grants, now, id) = (&admin.app.grants, admin.app.clock.now(), subject.id());
    if let Some(token) = subject.personal_token(admin).await? {
        return personal::end(admin, &token, id).await;
    }
    if let Subject::Session(session) = &subject {
        return end_session(admin, session).await;
    }
    let grant = admin.grant(id).await?;
    if !subject.is_of(&grant) {
        return Err(NotFound::EndedToken.into());
    }
    let token = if let Subject::Access(token) = &subject {
        if grants.revoke_access(token, &grant.client, now).await? != Revocation::Revoked {
            return Err(NotFound::EndedToken.into());
        }
        Some(token.digest().name())
    } else {
        grants.end(id, EndReason::Administrator, now).await?.ok_or(NotFound::Grant(id))?;
        None
    };
    let reason = EndReason::Administrator.as_str();
    admin.audit(Event::Revoked { grant: id, client: None, reason, token: token.clone() });
    let json = json!({ "revoked": true, "grant": id, "client_id": grant.client, "jti": token });
    let text =
        if token.is_some() { "The token is revoked." } else { "The grant is ended, with all its tokens." };
    admin.print(&json, text)
}

async fn end_session(admin: &Admin, session: &Secret<Session>) -> Result<(), Error> {
    let user = admin.app.sessions.user_of(session).await?.ok_or(NotFound::Session)?;
    if !admin.app.sessions.end(session, admin.app.clock.now()).await? {
        return Err(NotFound::Session.into());
    }
    admin.audit(Event::SignedOut { user, everywhere: false });
    admin.print(&json!({ "revoked": true, "sub": user }), "The session is ended.")
}
