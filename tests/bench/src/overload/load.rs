//! The load: requests are sent at a rate, whether or not earlier ones were answered, as a crowd of clients sends them.

use std::{fmt, mem, net::Ipv4Addr, time::Duration};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use shared::secret::random;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{
    Error,
    request::{Kind, Outcome, Subject},
    stage::Stage,
};
use crate::{
    http::{self, Connection},
    statistics::quantile,
};

/// How often requests are sent, those that are due together.
const TICK: Duration = Duration::from_millis(1);
/// The most requests of the crowd on their way at a time.
const CROWD: usize = 4_000;
/// In how many periods the load is divided.
pub(super) const PERIODS: u32 = 10;

/// A load on the server.
pub(super) struct Load<'a> {
    pub(super) stage: &'a Stage,
    /// Requests and sign-ins a second.
    pub(super) rates: [f64; 2],
    pub(super) time: Duration,
}

/// What became of the requests of one kind in a period.
#[derive(Clone, Default)]
pub(super) struct Tally {
    /// The latencies of answers, in milliseconds.
    pub(super) answered: Vec<f64>,
    /// The latencies of refusals, in milliseconds.
    pub(super) refused: Vec<f64>,
    /// Not sent, because the crowd's other requests were on their way.
    pub(super) unsent: usize,
}

/// A tenth of the time.
pub(super) struct Period {
    pub(super) time: Duration,
    /// By the order of [`Kind::ALL`].
    pub(super) tallies: [Tally; 4],
    /// The server's memory at its end, in MiB.
    pub(super) memory: f64,
}

impl Period {
    /// Returns the latencies of all answers, in milliseconds.
    pub(super) fn answered(&self) -> Vec<f64> {
        self.tallies.iter().flat_map(|tally| tally.answered.iter().copied()).collect()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answered = self.answered();
        let refused: usize = self.tallies.iter().map(|tally| tally.refused.len()).sum();
        let (p99, answered) = (quantile(&answered, 0.99), answered.len());
        let Self { time, memory, .. } = self;
        write!(f, "{answered} answered and {refused} refused in {time:.0?}, p99 {p99:.0} ms, {memory:.0} MiB")
    }
}

impl Load<'_> {
    /// Sends the load. Calls `tell` after each period.
    pub(super) async fn run(self, tell: impl Fn(&Period)) -> Result<Vec<Period>, Error> {
        let mut crowd =
            Crowd { stage: self.stage, connections: Vec::new(), tallies: <[Tally; 4]>::default() };
        let (mut on_the_way, mut periods) = (FuturesUnordered::new(), Vec::new());
        let (begin, length) = (Instant::now(), self.time / PERIODS);
        let (mut tick, mut streams) = (interval(TICK), self.streams());
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(sent) = on_the_way.next() => crowd.note(sent)?,
                _ = tick.tick() => {
                    let elapsed = begin.elapsed();
                    for kind in streams.iter_mut().flat_map(|stream| stream.due(elapsed)) {
                        match crowd.next(kind, on_the_way.len()) {
                            Some((connection, subject)) => {
                                on_the_way.push(send(self.stage, kind, connection, subject));
                            }
                            None => crowd.tally(kind).unsent += 1,
                        }
                    }
                    let ended = length * u32::try_from(periods.len() + 1).unwrap_or(PERIODS);
                    if elapsed >= ended {
                        let tallies = mem::take(&mut crowd.tallies);
                        periods.push(Period { time: length, tallies, memory: self.stage.process.memory()?.now });
                        periods.last().into_iter().for_each(&tell);
                        if periods.len() >= PERIODS as usize {
                            break;
                        }
                    }
                }
            }
        }
        // What is on its way is answered, too; it is only no longer counted.
        while let Some(sent) = on_the_way.next().await {
            crowd.note(sent)?;
        }
        Ok(periods)
    }

    fn streams(&self) -> [Stream; 2] {
        let [requests, sign_ins] = self.rates;
        [
            Stream { rate: requests, kinds: Kind::REQUESTS, sent: 0 },
            Stream { rate: sign_ins, kinds: &[Kind::SignIn], sent: 0 },
        ]
    }
}

/// Requests that are sent at a steady rate.
struct Stream {
    /// Requests a second.
    rate: f64,
    kinds: &'static [Kind],
    sent: usize,
}

impl Stream {
    /// Returns the requests that are due after this time.
    fn due(&mut self, elapsed: Duration) -> Vec<Kind> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of requests")]
        let due = (self.rate * elapsed.as_secs_f64()) as usize;
        let kinds = self.kinds.iter().cycle().skip(self.sent % self.kinds.len()).take(due - self.sent);
        self.sent = due;
        kinds.copied().collect()
    }
}

/// The clients' side: connections that are free, and what was answered.
struct Crowd<'a> {
    stage: &'a Stage,
    connections: Vec<Connection>,
    tallies: [Tally; 4],
}

/// A request that was sent.
struct Sent {
    kind: Kind,
    /// In milliseconds.
    latency: f64,
    /// The connection, unless the server closes it.
    connection: Option<Connection>,
    subject: Subject,
    outcome: Result<Outcome, http::Error>,
}

impl Crowd<'_> {
    /// Takes what the next request needs: its subject, and a connection if one is free. `None`: it cannot be sent.
    fn next(&mut self, kind: Kind, on_the_way: usize) -> Option<(Option<Connection>, Subject)> {
        let subject = if on_the_way < CROWD { kind.subject(self.stage) } else { None }?;
        Some((self.connections.pop(), subject))
    }

    fn tally(&mut self, kind: Kind) -> &mut Tally {
        let [client_credentials, introspection, refresh, sign_in] = &mut self.tallies;
        match kind {
            Kind::ClientCredentials => client_credentials,
            Kind::Introspection => introspection,
            Kind::Refresh => refresh,
            Kind::SignIn => sign_in,
        }
    }

    /// Counts a request, and takes back what it had.
    fn note(&mut self, sent: Sent) -> Result<(), Error> {
        sent.subject.give_back(self.stage);
        let tally = self.tally(sent.kind);
        match sent.outcome? {
            Outcome::Answered => tally.answered.push(sent.latency),
            Outcome::Refused => tally.refused.push(sent.latency),
            Outcome::Wrong(answer) => return Err(Error::Wrong(answer)),
        }
        self.connections.extend(sent.connection);
        Ok(())
    }
}

/// Sends a request on this connection, or on a new one.
async fn send(stage: &Stage, kind: Kind, connection: Option<Connection>, mut subject: Subject) -> Sent {
    let begin = Instant::now();
    let connection = match connection {
        Some(connection) => Ok(connection),
        None => Connection::open_from(random_address(), stage.address).await,
    };
    let (connection, outcome) = match connection {
        Ok(connection) => {
            let outcome = kind.send(stage, &connection, &mut subject).await;
            (Some(connection), outcome)
        }
        Err(error) => (None, Err(error)),
    };
    // The server closes the connection of a request that it refuses.
    let connection = connection.filter(|_| matches!(outcome, Ok(Outcome::Answered)));
    Sent { kind, latency: begin.elapsed().as_secs_f64() * 1_000.0, connection, subject, outcome }
}

/// Returns one of the crowd's addresses, so that the rate limit of one address is not what limits the load.
fn random_address() -> Ipv4Addr {
    let [third, fourth] = *random();
    Ipv4Addr::new(127, 1, third, fourth)
}
