//! One user's data, for an access request (GDPR article 15).

use serde_json::{Value, json};
use shared::{
    clients::Client,
    openid::Claims,
    status::Status,
    time::Timestamp,
    users::{User, personal_data::PersonalData},
};

use super::{claims_json, password_hash};

/// Returns everything that is stored about `user`, apart from secrets and their digests and hashes. Times are seconds
/// since the Unix epoch.
pub(super) fn to_json(
    (user, status, claims): (&User, &Status, &Claims),
    data: &PersonalData,
    clients: &[Client],
) -> Value {
    let seconds = |at: Option<Timestamp>| at.map(Timestamp::seconds);
    // If the status of the user has ended an item, the item itself is unchanged.
    let ended_at = |began: Timestamp, ends: &[Option<Timestamp>]| {
        let by_status = status.not_before.filter(|end| began <= *end);
        seconds(ends.iter().copied().chain([by_status]).flatten().min())
    };
    let sessions = data.sessions.iter().map(|session| {
        let signed_out_at = status.signed_out_at.filter(|end| session.authenticated_at <= *end);
        json!({
            "signed_in_at": session.authenticated_at.seconds(),
            "last_used_at": session.used_at().seconds(),
            "expires_at": session.expires_at.seconds(),
            "ended_at": ended_at(session.authenticated_at, &[session.ended_at(), signed_out_at]),
            "browser": session.user_agent.browser,
            "system": session.user_agent.system,
        })
    });
    let grants = data.grants.iter().map(|grant| {
        json!({
            "client_id": grant.client,
            "grant_type": grant.kind.grant_type(),
            "scope": grant.scope.to_string(),
            "resource": grant.resource,
            "signed_in_at": seconds(grant.authenticated_at),
            "issued_at": grant.issued_at.seconds(),
            "expires_at": seconds(grant.expires_at),
            "ended_at": ended_at(grant.issued_at, &[grant.end.as_ref().map(|end| end.at)]),
        })
    });
    let tokens = data.personal_tokens.iter().map(|token| {
        json!({
            "name": token.name,
            "kind": token.kind,
            "scope": token.scope.to_string(),
            "created_at": token.created_at.seconds(),
            "expires_at": seconds(token.expires_at),
            "last_used": token.last_used.map(|day| day.to_string()),
            "ended_at": ended_at(token.created_at, &[token.ended_at]),
        })
    });
    let consents = data.consents.iter().map(|consent| {
        json!({
            "client_id": consent.client(),
            "scope": consent.scope.to_string(),
            "resource": consent.resource,
            "agreed_at": consent.agreed_at.seconds(),
        })
    });
    let device_cookies = data.device_cookies.iter().map(|cookie| {
        json!({
            "signed_in_at": cookie.signed_in_at.seconds(),
            "expires_at": cookie.expires_at.seconds(),
        })
    });
    let known_callers = data.known_callers.iter().map(|caller| {
        json!({
            "proven_at": caller.proven_at.seconds(),
            "expires_at": caller.expires_at.seconds(),
        })
    });
    let clients = clients.iter().map(|client| {
        json!({
            "client_id": client.id,
            "name": client.name,
            "created_at": client.created_at.seconds(),
        })
    });
    json!({
        "sub": user.sub,
        "username": user.username,
        "created_at": user.created_at.seconds(),
        "disabled": status.disabled,
        "roles": status.roles,
        "not_before": seconds(status.not_before),
        "signed_out_at": seconds(status.signed_out_at),
        "password_hash": password_hash(user),
        "claims": claims_json(claims),
        "reset_link_created_at": seconds(user.reset_link.map(|link| link.made_at)),
        "sessions": sessions.collect::<Vec<_>>(),
        "grants": grants.collect::<Vec<_>>(),
        "personal_tokens": tokens.collect::<Vec<_>>(),
        "consents": consents.collect::<Vec<_>>(),
        "device_cookies": device_cookies.collect::<Vec<_>>(),
        "known_callers": known_callers.collect::<Vec<_>>(),
        "clients": clients.collect::<Vec<_>>(),
    })
}
