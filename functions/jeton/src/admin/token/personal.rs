//! `jeton token list`; `inspect` and `revoke` of a personal token.

use serde_json::{Value, json};
use shared::{
    audit::{Event, TokenChange},
    secret::Id,
    status::Status,
    time::Timestamp,
    users::personal::{PersonalToken, Presented},
};

use super::invalid_token::InvalidToken;
use crate::admin::{
    connection::Admin,
    error::{Error, NotFound},
    output::{columns, properties, utc, yes_or_no},
};

/// Lists a user's tokens that have neither ended nor expired.
pub(super) async fn list(admin: &Admin, name: &str) -> Result<(), Error> {
    let user = admin.user(name).await?;
    let tokens = admin.app.personal_tokens.of_user(user.sub, admin.app.clock.now()).await?;
    let json: Value = tokens.iter().map(to_json).collect();
    let rows = tokens.iter().map(|token| {
        [
            token.id().to_owned(),
            token.name.to_string(),
            token.kind.to_string(),
            token.scope.to_string(),
            token.expires_at.map_or_else(|| "never".to_owned(), utc),
            token.last_used.map_or_else(|| "never".to_owned(), |day| day.to_string()),
        ]
    });
    admin.print(&json, &columns(["ID", "NAME", "KIND", "SCOPE", "EXPIRES", "LAST USED"], rows))
}

/// Shows whether `token` works. `presented` is its text, if it was given, and not only its id.
pub(super) async fn inspect(
    admin: &Admin,
    token: &PersonalToken,
    presented: Option<&Presented>,
) -> Result<(), Error> {
    let now = admin.app.clock.now();
    let statuses = admin.app.statuses.find(&[token.depends_on()]).await?;
    let status = statuses.first().and_then(Option::as_ref);
    let reason = validate(token, presented, status, now).err().map(|reason| reason.to_string());
    let json = json!({
        "active": reason.is_none(),
        "reason": reason,
        "personal_token": to_json(token),
    });
    let mut rows = vec![
        ("active", yes_or_no(reason.is_none())),
        ("personal token", token.id().to_owned()),
        ("name", token.name.to_string()),
        ("kind", token.kind.to_string()),
        ("subject", token.user.to_string()),
        ("scope", token.scope.to_string()),
        ("created", utc(token.created_at)),
        ("expires", token.expires_at.map_or_else(|| "never".to_owned(), utc)),
        ("last used", token.last_used.map_or_else(|| "never".to_owned(), |day| day.to_string())),
    ];
    if let Some(reason) = reason {
        rows.insert(1, ("reason", reason));
    }
    admin.print(&json, &properties(rows))
}

/// Checks whether the token works at `now`.
fn validate(
    token: &PersonalToken,
    presented: Option<&Presented>,
    status: Option<&Status>,
    now: Timestamp,
) -> Result<(), InvalidToken> {
    if let Some(at) = token.ended_at {
        return Err(InvalidToken::PersonalTokenEnded(at));
    }
    match presented {
        Some(presented) => token.check(presented, now)?,
        None => token.has_time_left(now)?,
    }
    token.check_standing(status).map_err(InvalidToken::User)
}

/// Ends `token`.
pub(super) async fn end(admin: &Admin, token: &PersonalToken, id: Id) -> Result<(), Error> {
    // The store recognises its own write by its time, and two runs within a second may have the same time: so a token
    // that had ended before is recognised here.
    if token.ended_at.is_some()
        || !admin.app.personal_tokens.end(token.user, id, admin.app.clock.now()).await?
    {
        return Err(NotFound::EndedToken.into());
    }
    audit(admin, token.user, id, TokenChange::Ended);
    let json = json!({ "revoked": true, "personal_token": id, "sub": token.user });
    admin.print(&json, "The personal token is ended.")
}

pub(super) fn audit(admin: &Admin, user: Id, token: Id, change: TokenChange) {
    admin.audit(Event::PersonalTokenChanged { user, token: Some(token), change });
}

pub(super) fn to_json(token: &PersonalToken) -> Value {
    json!({
        "id": token.id(),
        "name": token.name,
        "kind": token.kind.as_str(),
        "sub": token.user,
        "scope": token.scope.to_string(),
        "created_at": token.created_at.seconds(),
        "expires_at": token.expires_at.map(Timestamp::seconds),
        "last_used": token.last_used.map(|day| day.to_string()),
        "ended_at": token.ended_at.map(Timestamp::seconds),
    })
}
