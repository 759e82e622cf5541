//! `jeton token inspect`

use serde_json::{Value, json};
use shared::{
    grants::{Access, Grant, State, TokenError},
    secret::{AccessToken, AuthorizationCode, Id, RefreshToken, Secret},
    status::Status,
    time::Timestamp,
};

use super::{invalid_token::InvalidToken, personal, subject::Subject};
use crate::admin::{
    connection::Admin,
    error::{Error, UnsupportedToken},
    output::{properties, utc, yes_or_no},
};

pub(super) async fn inspect(admin: &Admin, subject: Subject) -> Result<(), Error> {
    if let Subject::Session(_) = subject {
        return Err(UnsupportedToken::Session.into());
    }
    if let Some(token) = subject.personal_token(admin).await? {
        return personal::inspect(admin, &token, subject.presented()).await;
    }
    let now = admin.app.clock.now();
    let grant = admin.grant(subject.id()).await?;
    let statuses = admin.app.statuses.find(&grant.depends_on()).await?;
    let reason = validate(&grant, &statuses, &subject, now).err().map(|reason| reason.to_string());
    let json = json!({
        "active": reason.is_none(),
        "reason": reason,
        "grant": to_json(&grant, subject.id()),
    });
    let mut rows = vec![
        ("active", yes_or_no(reason.is_none())),
        ("grant", subject.id().to_string()),
        ("client", grant.client.to_string()),
        ("subject", grant.subject()),
        ("scope", grant.scope.to_string()),
        ("resource", grant.resource.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)),
        ("issuer", grant.issuer.to_string()),
        ("issued", utc(grant.issued_at)),
        ("expires", grant.expires_at.map_or_else(|| "never".to_owned(), utc)),
    ];
    if let Subject::Access(token) = &subject {
        rows.insert(2, ("jti", token.digest().name()));
    }
    if let Some(reason) = reason {
        rows.insert(1, ("reason", reason));
    }
    admin.print(&json, &properties(rows))
}

/// Checks whether the subject works at `now`.
fn validate(
    grant: &Grant,
    statuses: &[Option<Status>],
    subject: &Subject,
    now: Timestamp,
) -> Result<(), InvalidToken> {
    if let Some(end) = grant.end {
        return Err(InvalidToken::GrantEnded(end));
    }
    grant.check_standing(statuses).map_err(InvalidToken::ClientOrUser)?;
    match subject {
        Subject::Access(token) => validate_access_token(grant, token, now),
        Subject::Refresh(token) => validate_refresh_token(grant, token, now),
        Subject::Code(token) => validate_code(grant, token, now),
        Subject::Personal(_) | Subject::Session(_) | Subject::Id(_) => validate_grant(grant, now),
    }
}

fn validate_access_token(
    grant: &Grant,
    token: &Secret<AccessToken>,
    now: Timestamp,
) -> Result<(), InvalidToken> {
    let Err(error) = grant.live_access(token, now) else { return Ok(()) };
    // A revoked token is unknown to the grant.
    let revoked_at = grant.access.as_ref().and_then(|access| access.revoked_at);
    Err(match revoked_at {
        Some(at) if error == TokenError::Unknown => InvalidToken::Revoked(at),
        Some(_) | None => error.into(),
    })
}

fn validate_refresh_token(
    grant: &Grant,
    token: &Secret<RefreshToken>,
    now: Timestamp,
) -> Result<(), InvalidToken> {
    let refresh = grant.refresh.as_ref().filter(|refresh| refresh.family == token.family());
    let refresh = refresh.ok_or(TokenError::Unknown)?;
    if refresh.digest != token.digest() {
        return Err(InvalidToken::Spent);
    }
    check_ends([refresh.expires_at, grant.expires_at], now)
}

fn validate_code(
    grant: &Grant,
    token: &Secret<AuthorizationCode>,
    now: Timestamp,
) -> Result<(), InvalidToken> {
    let code = grant.code.as_ref().filter(|code| code.digest == token.digest());
    let code = code.ok_or(TokenError::Unknown)?;
    if grant.state != State::Code {
        return Err(InvalidToken::Redeemed);
    }
    check_ends([Some(code.expires_at)], now)
}

fn validate_grant(grant: &Grant, now: Timestamp) -> Result<(), InvalidToken> {
    check_ends([grant.expires_at], now)?;
    match grant.access.as_ref().and_then(|access| access.revoked_at) {
        Some(at) if grant.refresh.is_none() => Err(InvalidToken::OnlyTokenRevoked(at)),
        Some(_) | None => Ok(()),
    }
}

fn check_ends<const N: usize>(ends: [Option<Timestamp>; N], now: Timestamp) -> Result<(), InvalidToken> {
    if ends.into_iter().flatten().any(|end| end.has_passed(now)) {
        return Err(TokenError::Expired.into());
    }
    Ok(())
}

fn to_json(grant: &Grant, id: Id) -> Value {
    let access = |access: &Access| {
        json!({
            "jti": access.revoked_at.is_none().then(|| access.digest.name()),
            "issued_at": access.issued_at.seconds(),
            "expires_at": access.expires_at.map(Timestamp::seconds),
            "revoked_at": access.revoked_at.map(Timestamp::seconds),
        })
    };
    json!({
        "id": id,
        "state": match grant.state {
            State::Code => "code",
            State::Active => "active",
            State::Ended => "ended",
        },
        "client_id": grant.client,
        "sub": grant.subject(),
        "scope": grant.scope.to_string(),
        "aud": grant.resource,
        "iss": grant.issuer,
        "issued_at": grant.issued_at.seconds(),
        "expires_at": grant.expires_at.map(Timestamp::seconds),
        "access": grant.access.as_ref().map(access),
        "previous_access": grant.previous_access.as_ref().map(access),
        "ended_at": grant.end.map(|end| end.at.seconds()),
        "ended_because": grant.end.map(|end| end.reason.description()),
    })
}
