//! DynamoDB's clock, as the command knows it.
//!
//! # Design
//! The functions compare times by AWS's clocks; an administrator's machine may be minutes off. So the command first reads
//! the time at DynamoDB: every HTTP response has it (`Date`), in whole seconds. That leaves an interval of about a second
//! that contains the true time, and both bounds are used. A command that ends everything until now ends it until the
//! *latest* time that it may be, so that nothing that began before survives; and it waits until that time has passed, so
//! that what begins afterwards is valid. Everything else (when an item was created, when a secret expires) goes by the
//! *earliest* time, so that no item is dated in the future.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef},
    },
    error::BoxError,
    primitives::{DateTime, DateTimeFormat},
};
use shared::{
    dynamodb::{self, Table},
    status::Status,
    time::{Clock, Timestamp},
};

/// The difference of the two clocks, in milliseconds, from which on the command warns the administrator.
const TOLERATED_MS: u64 = 2_000;

/// The bounds of how far DynamoDB's clock is ahead of this machine's, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Offset {
    least: i64,
    most: i64,
}

impl Offset {
    /// Returns the bounds that follow from the `date` of a response: to a request sent at `sent`, received at `received`.
    fn of(sent: Timestamp, received: Timestamp, date: Timestamp) -> Self {
        let second = date.after(Duration::from_secs(1));
        Self { least: difference(date, received), most: difference(second, sent) }
    }

    /// Returns the warning, if the clocks are too far apart.
    fn warning(self) -> Option<String> {
        let middle = self.least.midpoint(self.most);
        let word = if middle > 0 { "behind" } else { "ahead of" };
        let seconds = (middle.unsigned_abs() + 500) / 1_000;
        (middle.unsigned_abs() >= TOLERATED_MS).then(|| {
            format!(
                "this machine's clock is about {seconds} s {word} DynamoDB's; the command goes by DynamoDB's"
            )
        })
    }
}

fn difference(later: Timestamp, earlier: Timestamp) -> i64 {
    let signed = |at: Timestamp| i64::try_from(at.millis()).unwrap_or(i64::MAX);
    signed(later).saturating_sub(signed(earlier))
}

#[derive(Clone, Debug)]
pub(super) struct DynamoDbClock {
    machine: Clock,
    offset: Offset,
}

impl DynamoDbClock {
    /// Reads the clock of the DynamoDB of `client`, with one read of `table`. A DynamoDB that tells no time is assumed to
    /// have this machine's.
    pub(super) async fn read(machine: Clock, client: &Client, table: &str) -> Result<Self, dynamodb::Error> {
        let reader = DateReader { machine: machine.clone(), seen: Arc::default() };
        let seen = Arc::clone(&reader.seen);
        let watched = Client::from_conf(client.config().to_builder().interceptor(reader).build());
        let read = Table::new(&watched, table).get::<Status>(&Status::key("clock")).await;
        let offset = seen.lock().unwrap_or_else(PoisonError::into_inner).offset;
        match (offset, read) {
            // A refusal has the time, too. The command itself finds out whether the refusal matters.
            (Some(offset), _) => Ok(Self { machine, offset }),
            (None, Ok(_)) => Ok(Self { machine, offset: Offset::default() }),
            (None, Err(error)) => Err(error),
        }
    }

    /// Returns a clock that shows the earliest time that it may be.
    pub(super) fn earliest(&self) -> Clock {
        let (machine, least) = (self.machine.clone(), self.offset.least);
        Clock::from_fn(move || moved(machine.now(), least))
    }

    /// Returns the latest time that it may be.
    pub(super) fn latest(&self) -> Timestamp {
        moved(self.machine.now(), self.offset.most)
    }

    /// Returns the warning, if this machine's clock is too far off.
    pub(super) fn warning(&self) -> Option<String> {
        self.offset.warning()
    }

    /// Returns how long it takes until `moment` has certainly passed.
    pub(super) fn until_past(&self, moment: Timestamp) -> Duration {
        moment.since(self.earliest().now()) + Duration::from_millis(1)
    }
}

fn moved(at: Timestamp, offset: i64) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_add_signed(offset))
}

/// Reader of the `Date` in responses.
#[derive(Debug)]
struct DateReader {
    machine: Clock,
    seen: Arc<Mutex<Seen>>,
}

/// The times of one request.
#[derive(Debug, Default)]
struct Seen {
    sent: Option<Timestamp>,
    offset: Option<Offset>,
}

impl Intercept for DateReader {
    fn name(&self) -> &'static str {
        "DateReader"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).sent = Some(self.machine.now());
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let received = self.machine.now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(sent), Some(date)) = (seen.sent, context.response().headers().get("date").and_then(date))
        {
            seen.offset = Some(Offset::of(sent, received, date));
        }
        Ok(())
    }
}

/// Parses the header (RFC 9110 §6.6.1).
fn date(header: &str) -> Option<Timestamp> {
    let date = DateTime::from_str(header, DateTimeFormat::HttpDate).ok()?;
    u64::try_from(date.secs()).ok().map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: Timestamp = Timestamp::from_millis(1_000_000);

    fn clock(offset: Offset) -> DynamoDbClock {
        DynamoDbClock { machine: Clock::from_fn(|| MACHINE), offset }
    }

    #[test]
    fn the_true_time_lies_between_the_bounds_wherever_in_its_second_it_was() {
        for ahead in [-120_000_i64, -1, 0, 1, 999, 120_000] {
            for (sent, responded, received) in [(0, 0, 0), (0, 40, 90), (300, 999, 1_700)] {
                let at = |ms: u64| MACHINE.after(Duration::from_millis(ms));
                let truth = moved(at(responded), ahead);
                let date = Timestamp::from_millis(truth.seconds() * 1_000);
                let offset = Offset::of(at(sent), at(received), date);
                assert!(offset.least <= ahead && ahead <= offset.most, "{ahead} {offset:?}");
                assert!(offset.most - offset.least <= 1_000 + (received - sent).cast_signed());
                let clock = clock(offset);
                let now = moved(MACHINE, ahead);
                assert!(clock.earliest().now() <= now && now <= clock.latest());
            }
        }
    }

    #[test]
    fn a_difference_of_two_seconds_is_warned_of_and_one_second_is_not() {
        let warning = |least| Offset { least, most: least + 1_000 }.warning().unwrap_or_default();
        assert_eq!(warning(500) + &warning(-500) + &warning(-1_500) + &warning(1_499), "");
        assert!(warning(1_500).contains("about 2 s behind DynamoDB's"), "{}", warning(1_500));
        assert!(warning(-2_500).contains("about 2 s ahead of DynamoDB's"), "{}", warning(-2_500));
        assert!(warning(120_000).contains("about 121 s behind"), "{}", warning(120_000));
    }

    #[test]
    fn a_date_is_an_http_date_or_none() {
        let newyear = Timestamp::from_millis(4_102_444_800_000);
        assert_eq!(date("Fri, 01 Jan 2100 00:00:00 GMT"), Some(newyear));
        for text in ["", "now", "2100-01-01T00:00:00Z", "Thu, 01 Jan 1960 00:00:00 GMT"] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_is_waited_for_until_it_has_certainly_passed() {
        let clock = clock(Offset { least: -300, most: 700 });
        assert_eq!(clock.until_past(clock.latest()), Duration::from_millis(1_001));
        assert_eq!(clock.until_past(Timestamp::from_millis(5)), Duration::from_millis(1));
    }
}
