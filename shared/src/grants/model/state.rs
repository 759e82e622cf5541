//! The state of the model: the grant's item, the requests in progress, and what each party knows.

use crate::{
    grants::{AccessRevocation, Ending, EndingByRefresh, Grant, Nonce, Redemption, RefreshRotation},
    secret::{AccessToken, Digest, Id, RefreshToken},
    status::Status,
    time::Timestamp,
};

/// The most that one instance's clock lags behind another's, in ticks.
pub(super) const SKEW: u8 = 1;
/// How often the SDK sends a write.
pub(super) const SENDS: u8 = 2;

/// The sender of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Party {
    Client,
    /// Knows the code, but lacks the client's proof.
    Eavesdropper,
    /// Knows all secrets that the client had some time ago.
    Thief,
    /// Knows the grant's id and makes up the rest.
    Forger,
}

/// A request to a function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Request {
    Redeem,
    Refresh { token: String },
    Revoke { token: String },
    RevokeAccess { token: Digest<AccessToken> },
}

/// A request to DynamoDB.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Write {
    Issue(Box<Grant>),
    Redeem(Redemption),
    Rotate(RefreshRotation),
    Revoke(EndingByRefresh),
    RevokeAccess(AccessRevocation),
    End(Ending),
    /// Not a write: reads the user's status. If it is good, the call returns the refresh token that is derived from this
    /// nonce.
    ReadStatus(Nonce),
}

/// A request in progress at one function instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Call {
    pub(super) party: Party,
    pub(super) request: Request,
    /// The tick of the instance's clock.
    pub(super) now: u8,
    pub(super) write: Write,
    pub(super) sends_left: u8,
    /// Whether the precondition held when the request arrived: for `Mistake::ReadThenWrite`.
    pub(super) precondition_held: bool,
    /// Whether the user's status was good when the request arrived: for `Mistake::StatusReadBeforeWrite`.
    pub(super) status_was_good: bool,
    /// Whether everything of the user's had been revoked before the rotation was written.
    pub(super) after_revoke_all: bool,
}

/// The state of the whole system at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct System {
    pub(super) clock: u8,
    pub(super) item: Option<Grant>,
    pub(super) calls: Vec<Call>,
    /// Writes that are still on their way to DynamoDB.
    pub(super) delayed: Vec<Write>,
    /// The number of calls so far.
    pub(super) started: u8,
    /// The refresh tokens that the client has received, in order.
    pub(super) client_tokens: Vec<String>,
    /// The refresh tokens that a thief has received.
    pub(super) thief_tokens: Vec<String>,
    /// All refresh tokens that were rotated, with the tick.
    pub(super) spent: Vec<(Digest<RefreshToken>, u8)>,
    /// All access tokens that were revoked alone.
    pub(super) revoked: Vec<Digest<AccessToken>>,
    pub(super) status: UserStatus,
    /// The tick at which everything of the user's was revoked. The grant itself is not ended.
    pub(super) all_revoked_at: Option<u8>,
    /// The tick at which the client first tried its newest token.
    pub(super) tried_at: Option<u8>,
    /// The parties that have tried to redeem the code.
    pub(super) redeemed_by: Vec<Party>,
    /// The number of finished redemptions with the complete proof.
    pub(super) proven_redemptions: u8,
    /// All issued refresh tokens, each with the refresh token that was presented for it (`None` for the code).
    pub(super) issued: Vec<(Option<String>, String)>,
    /// Without rotation: all access tokens returned for a refresh token, with the tick at which they were issued.
    pub(super) shared: Vec<(Digest<AccessToken>, u8)>,
    pub(super) ended: bool,
    /// Whether a spent refresh token was presented after its grace window.
    pub(super) stolen: bool,
    /// A violation that is detected when it happens.
    pub(super) violation: Option<&'static str>,
}

impl System {
    /// Returns the state in which `grant` was just issued.
    pub(super) fn new(grant: &Grant) -> Self {
        Self {
            clock: SKEW,
            item: Some(grant.clone()),
            calls: Vec::new(),
            // The write that issued the code was repeated, and its second copy is still on the way.
            delayed: vec![Write::Issue(Box::new(grant.clone()))],
            started: 0,
            client_tokens: Vec::new(),
            thief_tokens: Vec::new(),
            spent: Vec::new(),
            revoked: Vec::new(),
            status: UserStatus::default(),
            all_revoked_at: None,
            tried_at: None,
            redeemed_by: Vec::new(),
            proven_redemptions: 0,
            issued: Vec::new(),
            shared: Vec::new(),
            ended: false,
            stolen: false,
            violation: None,
        }
    }

    /// Returns whether the user's status permits what was issued at `time`.
    pub(super) fn status_permits(&self, time: Timestamp) -> bool {
        self.status.status().check(time).is_ok()
    }
}

/// The time in the user's status before which everything is revoked. It stands for a [`Status`], which is not `Hash`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct UserStatus {
    pub(super) not_before: Option<Timestamp>,
}

impl UserStatus {
    fn status(self) -> Status {
        Status { not_before: self.not_before, ..Status::new(Id::from_bits(2), "ada") }
    }
}
