//! Points in time, and the clock that tells them.
//!
//! # Design
//! Everything that decides takes `now` as an argument. Only [`Clock::system`] reads the machine's clock
//! (clippy forbids it elsewhere), so a test moves time instead of waiting for it.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The point that is `ms` milliseconds after the Unix epoch.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch, as items keep them.
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down, as the RFCs' `iat` and `exp` count them.
    pub const fn seconds(self) -> u64 {
        self.0 / 1_000
    }

    /// The point `span` later; the end of time if there is none.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long ago `earlier` was; zero if it lies ahead, as it may when two machines' clocks differ.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Whether something that ends at `self` has ended by `now`. Equal is ended.
    pub fn has_passed(self, now: Self) -> bool {
        now >= self
    }
}

/// A day of the calendar, in UTC: days since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(u64);

impl Timestamp {
    /// The day that it lies in.
    pub const fn day(self) -> Day {
        Day(self.seconds() / 86_400)
    }
}

/// `2026-11-22` (ISO 8601).
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0.saturating_mul(86_400)).unwrap_or(i64::MAX);
        match time::UtcDateTime::from_unix_timestamp(seconds) {
            Ok(at) => write!(f, "{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day()),
            // Beyond the year 9999.
            Err(_) => write!(f, "day {}", self.0),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Where the time comes from.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's own wall clock. A Lambda freezes between requests, so only wall time is meaningful there.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        Self::from_fn(|| {
            let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
        })
    }

    /// A clock that tells what `read` returns.
    pub fn from_fn(read: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_equals_now_has_passed() {
        let end = Timestamp::from_millis(1_000);
        assert!(!end.has_passed(Timestamp::from_millis(999)));
        assert!(end.has_passed(end));
    }

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let (early, late) = (Timestamp::from_millis(5), Timestamp::from_millis(u64::MAX - 1));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.after(Duration::MAX).millis(), u64::MAX);
    }

    #[test]
    fn a_day_is_written_as_people_write_it() {
        for (seconds, day) in [(0, "1970-01-01"), (951_782_400, "2000-02-29"), (4_102_444_799, "2099-12-31")]
        {
            assert_eq!(Timestamp::from_millis(seconds * 1_000).day().to_string(), day);
        }
        assert_eq!(Timestamp::from_millis(u64::MAX).day().to_string(), "day 213503982334");
    }

    #[test]
    fn seconds_round_down() {
        assert_eq!(Timestamp::from_millis(1_999).seconds(), 1);
    }
}
