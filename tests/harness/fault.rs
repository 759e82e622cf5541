//! Faults that the [`Front`](super::front::Front) injects: the requests that each applies to, and its effect on them.

use axum::http::StatusCode;
use serde_json::Value;

/// A fault to inject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Every connection is closed without a response.
    Refuse,
    /// Every request is throttled.
    Throttle,
    /// No request gets a response.
    Hang,
    /// Every request fails with an internal error.
    Broken,
    /// Every request is refused for lack of rights.
    Denied,
    /// Every write is throttled; reads are not.
    ThrottleWrites,
    /// No write gets a response; reads do.
    HangWrites,
    /// Every write is refused for lack of rights; reads are not.
    DenyWrites,
    /// Every scan is refused for lack of rights, nothing else.
    DenyScans,
    /// Every scan takes a second and a half longer, nothing else.
    SlowScans,
    /// The first write waits until [`Front::release`](super::front::Front::release).
    HoldFirstWrite,
    /// The first read of one client's or user's status waits until [`Front::release`](super::front::Front::release).
    HoldFirstStatusRead,
    /// The first scan waits until [`Front::release`](super::front::Front::release).
    HoldFirstScan,
    /// Transactions are throttled until one of them was attempted more often than the SDK attempts it.
    ThrottleTransactions,
    /// Every read of a user's record is throttled, nothing else.
    ThrottleUsers,
    /// Every change to a grant is throttled, nothing else.
    ThrottleGrants,
    /// Every change to a client's record is throttled, nothing else.
    ThrottleClients,
    /// Every change to a status is throttled, also within a transaction; nothing else.
    ThrottleStatuses,
    /// The first write is made, but its response is lost.
    LoseFirstAnswer,
    /// Every write is made, but its response is lost.
    LoseAnswers,
    /// The first transaction is made, but its response is lost.
    LoseFirstTransaction,
    /// Every transaction is made, but its response is lost.
    LoseTransactions,
    /// Every end of a grant is throttled, nothing else.
    ThrottleEndings,
    /// Every batch read of statuses alone is throttled.
    ThrottleStandings,
    /// Every read of the resources is throttled, nothing else.
    ThrottleResources,
    /// Every read of the signing keys is throttled, nothing else.
    ThrottleKeys,
    /// Every read of a grant is throttled, nothing else.
    ThrottleGrantReads,
    /// Every read of a user's claims is throttled, nothing else.
    ThrottleClaims,
    /// The first read of a user's claims waits until [`Front::release`](super::front::Front::release).
    HoldFirstClaimsRead,
    /// No record of a personal token's use gets a response.
    HangUses,
    /// The first two batch reads leave all keys unprocessed.
    LeftOver,
    /// Every batch read leaves all keys unprocessed.
    AlwaysLeftOver,
}

/// What happens to a request that a fault applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The connection is closed before the request is made.
    Close,
    /// The request is made, and the connection is closed.
    LoseResponse,
    /// There is no response.
    Hang,
    /// The response comes later.
    Slow,
    /// The request waits until [`Front::release`](super::front::Front::release).
    Hold,
    /// The response is this error.
    Error(StatusCode, &'static str),
    /// The response has all keys of the batch as unprocessed.
    LeaveKeys,
}

impl Fault {
    /// Returns whether the fault is one for requests like this.
    pub fn applies_to(self, operation: &str, request: &Value) -> bool {
        let key = request["Key"]["pk"]["S"].as_str().unwrap_or_default();
        let changes = |change: &str| {
            request["UpdateExpression"].as_str().is_some_and(|expression| expression.starts_with(change))
        };
        match self {
            Self::None => false,
            Self::Refuse | Self::Throttle | Self::Hang | Self::Broken | Self::Denied => true,
            Self::ThrottleWrites
            | Self::HangWrites
            | Self::DenyWrites
            | Self::HoldFirstWrite
            | Self::LoseFirstAnswer
            | Self::LoseAnswers => ["PutItem", "UpdateItem", "TransactWriteItems"].contains(&operation),
            Self::LoseFirstTransaction | Self::LoseTransactions | Self::ThrottleTransactions => {
                operation == "TransactWriteItems"
            }
            Self::DenyScans | Self::SlowScans | Self::HoldFirstScan => operation == "Scan",
            // The command reads `status#clock`, which does not exist, to see DynamoDB's clock.
            Self::HoldFirstStatusRead => {
                operation == "GetItem" && key.starts_with("status#") && key != "status#clock"
            }
            Self::ThrottleUsers => {
                operation == "GetItem" && (key.starts_with("user#") || key.starts_with("name#"))
            }
            Self::ThrottleGrants => operation == "UpdateItem" && key.starts_with("g#"),
            Self::ThrottleClients => operation == "UpdateItem" && key.starts_with("client#"),
            Self::ThrottleStatuses => {
                ["UpdateItem", "TransactWriteItems"].contains(&operation)
                    && request.to_string().contains("\"status#")
            }
            Self::ThrottleEndings => changes("SET #st = :ended"),
            Self::HangUses => changes("SET #lu = "),
            Self::ThrottleResources => operation == "GetItem" && key == "resources",
            Self::ThrottleKeys => operation == "GetItem" && key == "keys#",
            Self::ThrottleGrantReads => operation == "GetItem" && key.starts_with("g#"),
            Self::ThrottleClaims | Self::HoldFirstClaimsRead => {
                operation == "GetItem" && key.starts_with("claims#")
            }
            Self::ThrottleStandings => {
                let tables = request["RequestItems"].as_object();
                let is_status = |table: &Value| {
                    table["Keys"][0]["pk"]["S"].as_str().is_some_and(|key| key.starts_with("status#"))
                };
                operation == "BatchGetItem" && tables.is_some_and(|tables| tables.values().all(is_status))
            }
            Self::LeftOver | Self::AlwaysLeftOver => operation == "BatchGetItem",
        }
    }

    /// Returns the effect on the requests that the fault applies to. `None`: no effect.
    pub fn effect(self) -> Option<Effect> {
        const THROTTLED: Effect = Effect::Error(StatusCode::BAD_REQUEST, "ThrottlingException");
        const DENIED: Effect = Effect::Error(StatusCode::BAD_REQUEST, "AccessDeniedException");
        const BROKEN: Effect = Effect::Error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError");

        Some(match self {
            Self::None => return None,
            Self::Refuse => Effect::Close,
            Self::Broken => BROKEN,
            Self::Denied | Self::DenyWrites | Self::DenyScans => DENIED,
            Self::Hang | Self::HangWrites | Self::HangUses => Effect::Hang,
            Self::SlowScans => Effect::Slow,
            Self::HoldFirstWrite
            | Self::HoldFirstStatusRead
            | Self::HoldFirstScan
            | Self::HoldFirstClaimsRead => Effect::Hold,
            Self::LoseFirstAnswer
            | Self::LoseAnswers
            | Self::LoseFirstTransaction
            | Self::LoseTransactions => Effect::LoseResponse,
            Self::LeftOver | Self::AlwaysLeftOver => Effect::LeaveKeys,
            Self::Throttle
            | Self::ThrottleWrites
            | Self::ThrottleTransactions
            | Self::ThrottleUsers
            | Self::ThrottleGrants
            | Self::ThrottleClients
            | Self::ThrottleStatuses
            | Self::ThrottleEndings
            | Self::ThrottleStandings
            | Self::ThrottleKeys
            | Self::ThrottleGrantReads
            | Self::ThrottleClaims
            | Self::ThrottleResources => THROTTLED,
        })
    }

    /// Returns the number of requests that have the effect before the fault is over.
    pub fn most(self) -> usize {
        match self {
            Self::LoseFirstAnswer
            | Self::LoseFirstTransaction
            | Self::HoldFirstWrite
            | Self::HoldFirstStatusRead
            | Self::HoldFirstScan
            | Self::HoldFirstClaimsRead => 1,
            Self::LeftOver => 2,
            _ => usize::MAX,
        }
    }
}
