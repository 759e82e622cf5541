//! Spans of time, in the unit that people would say them in.

use std::time::Duration;

/// A number of one unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// How many.
    pub count: u64,
    /// Of what.
    pub unit: Unit,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days.
    Days,
}

impl Span {
    /// How long something lasts: in the largest unit of which it is exactly one, or at least two; what is left over is
    /// not told.
    pub fn of(duration: Duration) -> Self {
        let seconds = duration.as_secs();
        let units = [(Unit::Days, 86_400), (Unit::Hours, 3_600), (Unit::Minutes, 60)];
        let fits = |(_, length): &(Unit, u64)| seconds == *length || seconds >= 2 * length;
        match units.into_iter().find(fits) {
            Some((unit, length)) => Self { count: seconds / length, unit },
            None => Self { count: seconds, unit: Unit::Seconds },
        }
    }

    /// How long to wait: the same, but what is left over is a whole one more, so that nobody comes too early.
    pub fn to_wait(duration: Duration) -> Self {
        let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
        let length = match Self::of(Duration::from_secs(seconds)).unit {
            Unit::Seconds => 1,
            Unit::Minutes => 60,
            Unit::Hours => 3_600,
            Unit::Days => 86_400,
        };
        Self::of(Duration::from_secs(seconds.max(1).next_multiple_of(length)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_the_unit_that_people_would_say() {
        for (seconds, count, unit) in [
            (1, 1, Unit::Seconds),
            (60, 1, Unit::Minutes),
            (90, 90, Unit::Seconds),
            (120, 2, Unit::Minutes),
            (3_600, 1, Unit::Hours),
            (5_400, 90, Unit::Minutes),
            (86_400, 1, Unit::Days),
            (100_000, 27, Unit::Hours),
            (2_592_000, 30, Unit::Days),
        ] {
            assert_eq!(Span::of(Duration::from_secs(seconds)), Span { count, unit });
        }
    }

    #[test]
    fn whoever_waits_for_as_long_as_they_are_told_has_waited_long_enough() {
        for (ms, count, unit) in [
            (0, 1, Unit::Seconds),
            (1, 1, Unit::Seconds),
            (59_001, 1, Unit::Minutes),
            (119_001, 2, Unit::Minutes),
            (121_000, 3, Unit::Minutes),
            (7_199_500, 2, Unit::Hours),
            (7_201_000, 3, Unit::Hours),
        ] {
            assert_eq!(Span::to_wait(Duration::from_millis(ms)), Span { count, unit }, "{ms}");
        }
    }
}
