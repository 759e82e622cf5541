//! Scenarios: the requests that the model checker may combine, and a mistake to detect.

use super::state::Party;

/// An error that is made on purpose, to show that the model detects it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    None,
    /// The code is read first, and then redeemed without a condition.
    ReadThenWrite,
    /// An SDK retry that finds the item of its own first write does not recognise it.
    OwnWriteForgotten,
    /// A spent code ends its grant even if it is presented without proof.
    UnprovenReplayEnds,
    /// An ended grant is deleted.
    EndedItemDeleted,
    /// Times are subtracted without saturation.
    UnsaturatedSubtraction,
    /// Without rotation, every refresh makes a new access token.
    AlwaysRenews,
    /// Without rotation, a renewal may be written after one with a later time.
    RenewalsUnordered,
    /// Every rotation opens a grace window for all older tokens.
    WindowReopened,
    /// Every rotation opens a grace window for the two tokens before the current one.
    WindowTooWide,
    /// The user's status is not read when tokens are refreshed.
    StatusNotRead,
    /// The user's status is read before the rotation is written.
    StatusReadBeforeWrite,
    /// Revoking everything uses an administrator's clock, which is slow.
    SlowAdminClock,
    /// Revoking everything uses an administrator's clock, which is fast.
    FastAdminClock,
}

/// Revocations besides redemptions and refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Revocation {
    /// The client revokes its refresh token.
    RefreshToken,
    /// The client revokes its access tokens.
    AccessToken,
    /// An administrator revokes everything of the user's. The grant itself is not ended.
    Everything,
}

/// The requests that the model checker may combine.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) mistake: Mistake,
    /// The parties that may try to redeem the code, each once.
    pub(super) redeemers: &'static [Party],
    /// The parties that may refresh.
    pub(super) refreshers: &'static [Party],
    /// Whether refresh tokens are rotated.
    pub(super) rotates: bool,
    pub(super) revocations: &'static [Revocation],
    /// The most requests in all.
    pub(super) calls: u8,
    /// The most requests at a time.
    pub(super) parallel: usize,
    /// The last tick.
    pub(super) last_tick: u8,
}

pub(super) const HONEST: Scenario = Scenario {
    mistake: Mistake::None,
    redeemers: &[Party::Client],
    refreshers: &[Party::Client],
    rotates: true,
    revocations: &[],
    calls: 4,
    parallel: 1,
    last_tick: 4,
};
pub(super) const TABS: Scenario = Scenario { parallel: 2, calls: 3, last_tick: 2, ..HONEST };
pub(super) const LEAKED_CODE: Scenario = Scenario {
    redeemers: &[Party::Client, Party::Eavesdropper],
    parallel: 2,
    calls: 3,
    last_tick: 2,
    ..HONEST
};
pub(super) const REPLAY: Scenario =
    Scenario { redeemers: &[Party::Client, Party::Thief], parallel: 2, calls: 3, last_tick: 2, ..HONEST };
pub(super) const THEFT: Scenario =
    Scenario { refreshers: &[Party::Client, Party::Thief], parallel: 2, calls: 3, last_tick: 5, ..HONEST };
/// A thief who rotates again before each window closes, until the victim presents the token that was stolen.
pub(super) const PATIENCE: Scenario = Scenario { parallel: 1, calls: 4, last_tick: 5, ..THEFT };
pub(super) const FORGERY: Scenario =
    Scenario { refreshers: &[Party::Client, Party::Forger], parallel: 2, calls: 3, last_tick: 2, ..HONEST };
pub(super) const FLEET: Scenario = Scenario { rotates: false, parallel: 2, calls: 4, last_tick: 4, ..HONEST };
pub(super) const SHARED_REVOCATION: Scenario =
    Scenario { revocations: &[Revocation::AccessToken], calls: 4, last_tick: 2, ..FLEET };
pub(super) const NO_SWEEP: Scenario =
    Scenario { revocations: &[Revocation::Everything], calls: 3, last_tick: 3, ..HONEST };
pub(super) const REVOCATION: Scenario =
    Scenario { revocations: &[Revocation::RefreshToken], parallel: 2, calls: 3, last_tick: 2, ..HONEST };
