//! Timestamps and the clock.
//!
//! # Design
//! Every decision takes `now` as an argument. Only [`Clock::system`] reads the machine's clock (clippy forbids it
//! elsewhere), so a test moves the clock instead of waiting.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// A point in time, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Returns whole seconds since the Unix epoch, rounded down, as in `iat` and `exp`.
    pub const fn seconds(self) -> u64 {
        self.0 / 1_000
    }

    /// Returns the time after `duration`; the latest possible time on overflow.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Returns the duration since `earlier`; zero if that is in the future, as it can be when two machines' clocks
    /// differ.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Returns whether a thing that expires at `self` has expired at `now`. Equal is expired.
    pub fn has_passed(self, now: Self) -> bool {
        now >= self
    }
}

/// A calendar day in UTC, in days since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(u64);

impl Timestamp {
    pub const fn day(self) -> Day {
        Day(self.seconds() / 86_400)
    }
}

/// Writes the day as in `2026-11-22` (ISO 8601).
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0.saturating_mul(86_400)).unwrap_or(i64::MAX);
        match time::UtcDateTime::from_unix_timestamp(seconds) {
            Ok(at) => write!(f, "{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day()),
            // After the year 9999.
            Err(_) => write!(f, "day {}", self.0),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The source of the current time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// Returns the machine's wall clock. Lambda freezes a function between requests, so a monotonic clock would be wrong.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        Self::from_fn(|| {
            let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
        })
    }

    pub fn from_fn(read: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

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
    fn a_day_is_written_in_iso_8601() {
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
