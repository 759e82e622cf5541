//! The values that the model's requests are made of: one client, one user, one grant, and the model's clock.

use std::time::Duration;

use crate::{
    clients::{Client, Registration},
    grants::{
        Access, AccessRevocation, CodeGrant, CodeProof, Grant, Nonce, Redemption, Refresh, RefreshProof,
        RefreshRotation, Slot, Terms, Tokens,
    },
    oauth::{ClientId, Issuer},
    secret::{AccessToken, AuthorizationCode, Digest, Id, Lineage, RefreshToken, Secret, Verifier},
    time::Timestamp,
};

/// One tick of the model's clock.
const TICK: Duration = Duration::from_secs(1);
/// The grace window, in which a rotated refresh token may be presented again.
pub(super) const GRACE: Duration = Duration::from_secs(3);
/// The lifetime of an access token that was issued for a refresh token.
pub(super) const ACCESS_LIFETIME: Duration = Duration::from_secs(4);

/// Returns the time at `tick`.
pub(super) fn at(tick: u8) -> Timestamp {
    Timestamp::from_millis(1_000_000).after(TICK * u32::from(tick))
}

/// Returns the tick at `time`.
pub(super) fn tick(time: Timestamp) -> u8 {
    u8::try_from(time.since(at(0)).as_secs()).unwrap()
}

fn code() -> Secret<AuthorizationCode> {
    Secret::new(Id::from_bits(1), &[1; 32])
}

pub(super) fn client_id() -> ClientId {
    "client".parse().unwrap()
}

fn issuer() -> Issuer {
    "https://auth.example.com".parse().unwrap()
}

fn client() -> Client {
    let redirect_uris = vec!["https://app.example.com/cb".to_owned()];
    let registration = Registration { name: "Client".to_owned(), redirect_uris, ..Registration::default() };
    registration.accept(client_id(), at(0)).unwrap().0
}

/// Returns the grant with its code, before redemption.
pub(super) fn new_grant() -> Grant {
    let client = client();
    let terms = Terms {
        client: &client,
        scope: "read".parse().unwrap(),
        resource: None,
        issuer: issuer(),
        now: at(0),
    };
    let consent = CodeGrant {
        user: Id::from_bits(2),
        authenticated_at: at(0),
        redirect_uri: "https://app.example.com/cb",
        redirect_uri_sent: false,
        nonce: None,
        challenge: Some(Digest::<Verifier>::of("verifier")),
    };
    Grant::for_user(terms, &consent, &code())
}

pub(super) fn refresh_token(text: &str) -> Secret<RefreshToken> {
    Secret::parse(text).unwrap()
}

/// Returns the first refresh token that the call number `nth` would issue.
pub(super) fn first_refresh(nth: u8) -> Secret<RefreshToken> {
    refresh_of_grant(nth + 50, nth + 100)
}

/// Returns a refresh token with the grant's id, but with another key and family.
pub(super) fn forged_refresh() -> Secret<RefreshToken> {
    refresh_of_grant(9, 9)
}

fn refresh_of_grant(key: u8, family: u8) -> Secret<RefreshToken> {
    Secret::of_lineage(Id::from_bits(1), &[key; 32], &Lineage::first([family; 16].into()))
}

pub(super) fn redemption(verifier: &str, nth: u8, now: u8) -> Redemption {
    let access = Secret::new(Id::from_bits(1), &[nth + 150; 32]);
    let expires_at = at(now).after(TICK * 100);
    Redemption {
        resource: None,
        proof: CodeProof {
            client: client_id(),
            issuer: issuer(),
            code: code().digest(),
            redirect_uri: None,
            verifier: Some(Digest::of(verifier)),
        },
        tokens: Tokens {
            access: Access::new(access.digest(), at(now), Some(TICK * 50)),
            refresh: Some(Refresh::first(&first_refresh(nth), expires_at)),
            expires_at: Some(expires_at),
        },
        now: at(now),
    }
}

pub(super) fn rotation(token: &str, nth: u8, now: u8, rotates: bool) -> RefreshRotation {
    let (token, nonce) = (refresh_token(token), [nth; 32]);
    RefreshRotation {
        resource: None,
        proof: RefreshProof {
            token: token.digest(),
            family: token.family(),
            generation: token.generation(),
            client: client_id(),
            issuer: issuer(),
        },
        scope: None,
        nonce: Nonce(nonce),
        access: token.successor_access(&nonce).digest(),
        refresh: rotates.then(|| token.successor(&nonce).digest()),
        access_lifetime: Some(ACCESS_LIFETIME),
        refresh_lifetime: TICK * 60,
        now: at(now),
        at: at(now),
    }
}

/// Returns the write of a request whose renewal was overtaken: with another nonce, and with this time.
pub(super) fn overtaken(rotation: &RefreshRotation, token: &str, at: Timestamp) -> RefreshRotation {
    let nonce = rotation.nonce.0.map(|byte| byte + 50);
    let access = refresh_token(token).successor_access(&nonce).digest();
    rotation.clone().again(Nonce(nonce), access, at)
}

pub(super) fn access_revocation(token: Digest<AccessToken>, now: u8) -> AccessRevocation {
    AccessRevocation { token, client: client_id(), slot: Slot::Current, now: at(now) }
}
