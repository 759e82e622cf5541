//! What the model is made of: clients and thieves, requests, writes, and the world they meet in.

use std::time::Duration;

use crate::{
    client::{Client, ClientId, Registration},
    config::Issuer,
    grant::{
        Access, AccessRevocation, Agreement, Ending, EndingByRefresh, Grant, Nonce, Presented, Redemption,
        Refresh, Rotating, Shown, Slot, Terms, Tokens,
    },
    secret::{AccessToken, AuthorizationCode, Digest, Id, Lineage, RefreshToken, Secret, Verifier},
    status::Status,
    time::Timestamp,
};

/// One tick of the world's clock.
pub(super) const TICK: Duration = Duration::from_secs(1);
/// How long a rotated token may be presented again.
pub(super) const GRACE: Duration = Duration::from_secs(3);
/// How far one instance's clock may lag behind another's.
pub(super) const SKEW: u8 = 1;
/// How far an administrator's clock may be off.
pub(super) const LAPTOP_SKEW: u8 = 2;
/// How long an access token that a refresh token led to lives.
pub(super) const ACCESS_LIFETIME: Duration = Duration::from_secs(4);
/// How many writes the network holds at a time.
pub(super) const MOST_LATE: usize = 1;
/// How often the SDK sends a write.
pub(super) const SENDS: u8 = 2;

/// Who sends a request, and what they know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Party {
    /// The client.
    Client,
    /// Someone with the code, but no proof of being the client.
    Eavesdropper,
    /// Someone with everything the client has, a while ago.
    Thief,
    /// Someone who knows the grant's id, and makes up the rest.
    Forger,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Job {
    Redeem,
    Refresh { token: String },
    Revoke { token: String },
    RevokeAccess { token: Digest<AccessToken> },
}

/// What DynamoDB is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Write {
    Issue(Box<Grant>),
    Redeem(Redemption),
    Rotate(Rotating),
    Revoke(EndingByRefresh),
    RevokeAccess(AccessRevocation),
    End(Ending),
    /// Nothing: it is asked for the user's status, and if that is good, the refresh token derived with this nonce is
    /// answered.
    AskStanding(Nonce),
}

/// A request that is being answered by one instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Call {
    pub(super) party: Party,
    pub(super) job: Job,
    /// What the instance's clock said.
    pub(super) now: u8,
    pub(super) write: Write,
    pub(super) sends_left: u8,
    /// With [`Break::ReadThenWrite`]: whether the condition held when it was read.
    pub(super) read: bool,
    /// With [`Break::AskedBeforehand`]: whether the user's status was good when the request came.
    pub(super) stood: bool,
    /// Whether everything of the user's had been ended before the rotation was written.
    pub(super) hopeless: bool,
}

/// The world at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) clock: u8,
    pub(super) item: Option<Grant>,
    pub(super) calls: Vec<Call>,
    /// Writes that the network still holds.
    pub(super) late: Vec<Write>,
    pub(super) started: u8,
    /// The refresh tokens that the client has received, in order.
    pub(super) received: Vec<String>,
    /// And those that a thief has received.
    pub(super) pocketed: Vec<String>,
    /// Every refresh token that was rotated, and when.
    pub(super) spent: Vec<(Digest<RefreshToken>, u8)>,
    /// Every access token that was revoked by itself.
    pub(super) revoked: Vec<Digest<AccessToken>>,
    /// The user's status.
    pub(super) status: UserStatus,
    /// When everything of the user's was ended, if it was. Nothing sweeps.
    pub(super) everything_ended_at: Option<u8>,
    /// When the client first tried its newest token, if it has.
    pub(super) tried_at: Option<u8>,
    /// Who has tried to redeem the code.
    pub(super) redeemed_by: Vec<Party>,
    /// How many requests with everything that proves the client have been answered to their end.
    pub(super) proven_redemptions: u8,
    /// Every refresh token that was answered, with what was presented for it (a code is `None`).
    pub(super) answered: Vec<(Option<String>, String)>,
    /// Without rotation: every access token that was answered, and when it was issued.
    pub(super) shared: Vec<(Digest<AccessToken>, u8)>,
    pub(super) ended: bool,
    /// A spent refresh token was shown after every window had closed.
    pub(super) stolen: bool,
    /// What went wrong, as it is seen when it happens.
    pub(super) wrong: Option<&'static str>,
}

/// The moment in the user's status before which everything is dead. It stands for a [`Status`], which has no hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct UserStatus {
    pub(super) not_before: Option<Timestamp>,
}

impl UserStatus {
    pub(super) fn status(self) -> Status {
        Status { not_before: self.not_before, ..Status::new(Id::from_bits(2), "ada") }
    }
}

pub(super) fn at(tick: u8) -> Timestamp {
    Timestamp::from_millis(1_000_000).after(TICK * u32::from(tick))
}

/// The tick at which it is `moment`.
pub(super) fn tick(moment: Timestamp) -> u8 {
    u8::try_from(moment.since(at(0)).as_secs()).unwrap()
}

pub(super) fn code() -> Secret<AuthorizationCode> {
    Secret::new(Id::from_bits(1), &[1; 32])
}

pub(super) fn client_id() -> ClientId {
    "client".parse().unwrap()
}

pub(super) fn issuer() -> Issuer {
    "https://auth.example.com".parse().unwrap()
}

pub(super) fn access_revocation(token: Digest<AccessToken>, now: u8) -> AccessRevocation {
    AccessRevocation { token, client: client_id(), slot: Slot::Current, now: at(now) }
}

pub(super) fn client() -> Client {
    let redirect_uris = vec!["https://app.example.com/cb".to_owned()];
    let registration = Registration { name: "Client".to_owned(), redirect_uris, ..Registration::default() };
    registration.accept(client_id(), at(0)).unwrap().0
}

/// The grant as it is issued.
pub(super) fn issued() -> Grant {
    let client = client();
    let terms = Terms { client: &client, scope: "read".parse().unwrap(), issuer: issuer(), now: at(0) };
    let agreement = Agreement {
        person: Id::from_bits(2),
        authenticated_at: at(0),
        redirect_uri: "https://app.example.com/cb",
        redirect_uri_sent: false,
        challenge: Some(Digest::<Verifier>::of("verifier")),
    };
    Grant::for_person(terms, &agreement, &code())
}

pub(super) fn refresh_token(text: &str) -> Secret<RefreshToken> {
    Secret::parse(text).unwrap()
}

/// The first refresh token that the `nth` call would issue.
pub(super) fn first_refresh(nth: u8) -> Secret<RefreshToken> {
    made_up(nth + 50, nth + 100, 0)
}

/// A refresh token of the grant.
pub(super) fn made_up(key: u8, family: u8, generation: u64) -> Secret<RefreshToken> {
    let lineage = Lineage { generation, ..Lineage::first([family; 16].into()) };
    Secret::of_lineage(Id::from_bits(1), &[key; 32], &lineage)
}

pub(super) fn redemption(party: Party, nth: u8, now: u8) -> Redemption {
    let verifier = if party == Party::Eavesdropper { "wrong" } else { "verifier" };
    let access = Secret::new(Id::from_bits(1), &[nth + 150; 32]);
    let expires_at = at(now).after(TICK * 100);
    Redemption {
        shown: Shown {
            client: client_id(),
            issuer: issuer(),
            code: code().digest(),
            redirect_uri: None,
            verifier: Some(Digest::of(verifier)),
        },
        tokens: Tokens {
            access: Access::lasting(access.digest(), at(now), Some(TICK * 50)),
            refresh: Some(Refresh::first(&first_refresh(nth), expires_at)),
            expires_at: Some(expires_at),
        },
        now: at(now),
    }
}

pub(super) fn rotation(token: &str, nth: u8, now: u8, rotates: bool) -> Rotating {
    let (token, nonce) = (refresh_token(token), [nth; 32]);
    Rotating {
        presented: Presented {
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
    }
}
