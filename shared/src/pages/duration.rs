//! Durations, in the unit that a user would say them in.

use std::time::Duration;

/// A whole number of one unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HumanDuration {
    pub count: u64,
    pub unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Seconds,
    Minutes,
    Hours,
    Days,
}

impl Unit {
    const LARGEST_FIRST: [Self; 4] = [Self::Days, Self::Hours, Self::Minutes, Self::Seconds];

    const fn seconds(self) -> u64 {
        match self {
            Self::Seconds => 1,
            Self::Minutes => 60,
            Self::Hours => 3_600,
            Self::Days => 86_400,
        }
    }
}

impl HumanDuration {
    /// Returns `duration`, rounded down, in the largest unit of which it has exactly one or at least two.
    pub fn of(duration: Duration) -> Self {
        let seconds = duration.as_secs();
        let fits = |unit: &Unit| seconds == unit.seconds() || seconds >= 2 * unit.seconds();
        let unit = Unit::LARGEST_FIRST.into_iter().find(fits).unwrap_or(Unit::Seconds);
        Self { count: seconds / unit.seconds(), unit }
    }

    /// Returns the same, rounded up, so that a user who waits this long does not come back too early.
    pub fn to_wait(duration: Duration) -> Self {
        let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
        let unit = Self::of(Duration::from_secs(seconds)).unit;
        Self::of(Duration::from_secs(seconds.max(1).next_multiple_of(unit.seconds())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_unit_that_users_would_say() {
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
            assert_eq!(HumanDuration::of(Duration::from_secs(seconds)), HumanDuration { count, unit });
        }
    }

    #[test]
    fn a_time_to_wait_is_rounded_up() {
        for (ms, count, unit) in [
            (0, 1, Unit::Seconds),
            (1, 1, Unit::Seconds),
            (59_001, 1, Unit::Minutes),
            (119_001, 2, Unit::Minutes),
            (121_000, 3, Unit::Minutes),
            (7_199_500, 2, Unit::Hours),
            (7_201_000, 3, Unit::Hours),
        ] {
            assert_eq!(
                HumanDuration::to_wait(Duration::from_millis(ms)),
                HumanDuration { count, unit },
                "{ms}"
            );
        }
    }
}
