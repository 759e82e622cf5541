//! What is measured, and its medians.

use std::{io, time::Duration};

use super::{
    contender::{Contender, Server},
    job::{Job, Requests},
};
use crate::{
    process::{Process, own_cpu},
    statistics::{median, quantile},
};

/// The share of its processor from which on the load generator may be what limits a server.
const BUSY: f64 = 0.95;

/// The CPU times that processes have used.
#[derive(Clone, Copy)]
pub(super) struct Usage {
    server: Duration,
    engine: Duration,
    load: Duration,
}

impl Server {
    /// Returns the CPU times that the server, its engine and the load generator have used until now.
    pub(super) fn usage(&self) -> io::Result<Usage> {
        let engine = self.engine.as_ref().map(Process::cpu).transpose()?;
        let (server, load) = (self.process.cpu()?, own_cpu()?);
        Ok(Usage { server, engine: engine.unwrap_or_default(), load })
    }
}

impl Usage {
    /// Returns the difference.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            server: self.server.saturating_sub(before.server),
            engine: self.engine.saturating_sub(before.engine),
            load: self.load.saturating_sub(before.load),
        }
    }
}

/// One round of a job.
pub(super) struct Sample {
    contender: &'static str,
    job: Job,
    rate: f64,
    p50_ms: f64,
    p99_ms: f64,
    server_us: f64,
    engine_us: f64,
    /// The share of the time that the load generator's processor worked: for the load, and for an engine on it.
    busy: f64,
}

/// The medians of a job's rounds.
#[derive(Clone, Copy)]
pub(super) struct Figures {
    /// Requests in a second.
    pub(super) rate: f64,
    /// The smallest and the largest of the rounds' rates.
    pub(super) rates: [f64; 2],
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// The CPU time of a request, in the server's process.
    pub(super) server_us: f64,
    /// The CPU time of a request, in the process of the embedded DynamoDB.
    pub(super) engine_us: f64,
    /// Whether the load generator's processor was busy all the time, so that the server may have done less than it can.
    pub(super) is_bound: bool,
}

impl Figures {
    /// Returns whether every round's rate is at least that of every round of the other. `None`: the rounds do not tell. A
    /// server that the load generator limits could reach any higher rate.
    pub(super) fn reaches(self, other: Self) -> Option<bool> {
        let least = |figures: Self| figures.rates[0];
        let most = |figures: Self| if figures.is_bound { f64::INFINITY } else { figures.rates[1] };
        if least(self) >= most(other) {
            Some(true)
        } else if most(self) < least(other) {
            Some(false)
        } else {
            None
        }
    }
}

/// One start of a server.
pub(super) struct Start {
    contender: &'static str,
    after_ms: f64,
    idle_mib: f64,
    peak_mib: f64,
}

impl Start {
    /// Reads what the server has used, after its jobs.
    pub(super) fn of(contender: Contender, server: &Server) -> io::Result<Self> {
        let (peak_mib, after_ms) = (server.process.memory()?.peak, server.start.as_secs_f64() * 1000.0);
        Ok(Self { contender: contender.name, after_ms, idle_mib: server.idle_memory, peak_mib })
    }
}

impl Sample {
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    pub(super) fn new(contender: Contender, job: Job, requests: &Requests, used: Usage) -> Self {
        let shared = contender.has_the_engine_on_the_loads_processor();
        let working = if shared { used.load + used.engine } else { used.load };
        let each = |time: Duration| time.as_secs_f64() * 1e6 / requests.latencies.len() as f64;
        Self {
            contender: contender.name,
            job,
            rate: requests.rate(),
            p50_ms: median(&requests.latencies),
            p99_ms: quantile(&requests.latencies, 0.99),
            server_us: each(used.server),
            engine_us: each(used.engine),
            busy: working.as_secs_f64() / requests.elapsed.as_secs_f64(),
        }
    }
}

/// Everything that was measured.
#[derive(Default)]
pub(super) struct Samples {
    pub(super) requests: Vec<Sample>,
    pub(super) starts: Vec<Start>,
}

impl Samples {
    /// Returns the medians of a job, if it was measured.
    pub(super) fn figures(&self, contender: &str, job: Job) -> Option<Figures> {
        let is_chosen = |one: &&Sample| one.contender == contender && one.job == job;
        let all =
            |value: fn(&Sample) -> f64| self.requests.iter().filter(is_chosen).map(value).collect::<Vec<_>>();
        let of = |value| median(&all(value));
        let rates = all(|sample| sample.rate);
        let figures = Figures {
            rate: median(&rates),
            rates: [0.0, 1.0].map(|share| quantile(&rates, share)),
            p50_ms: of(|sample| sample.p50_ms),
            p99_ms: of(|sample| sample.p99_ms),
            server_us: of(|sample| sample.server_us),
            engine_us: of(|sample| sample.engine_us),
            is_bound: of(|sample| sample.busy) >= BUSY,
        };
        (figures.rate > 0.0).then_some(figures)
    }

    /// Returns the medians of a server's time to start in milliseconds, and of its memory before the first request and at
    /// most, in MiB.
    pub(super) fn start(&self, contender: &str) -> Option<[f64; 3]> {
        let of = |value: fn(&Start) -> f64| {
            let starts = self.starts.iter().filter(|one| one.contender == contender);
            median(&starts.map(value).collect::<Vec<_>>())
        };
        let start = [of(|one| one.after_ms), of(|one| one.idle_mib), of(|one| one.peak_mib)];
        (start[0] > 0.0).then_some(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "values are chosen, not computed")]
    fn figures_are_the_medians_of_one_server_s_job() {
        let sample = |contender, job, rate| Sample {
            contender,
            job,
            rate,
            p50_ms: rate,
            p99_ms: rate,
            server_us: rate,
            engine_us: rate,
            busy: rate / 3.0,
        };
        let rounds = [3.0, 1.0, 2.0].map(|rate| sample("a", Job::Code, rate));
        let others = [sample("b", Job::Code, 9.0), sample("a", Job::Refresh, 8.0)];
        let samples = Samples { requests: rounds.into_iter().chain(others).collect(), starts: Vec::new() };
        let figures = samples.figures("a", Job::Code).unwrap();
        assert_eq!((figures.p99_ms, figures.rates, figures.is_bound), (2.0, [1.0, 3.0], false));
        assert_eq!(samples.figures("a", Job::Refresh).unwrap().rate, 8.0);
        assert!(samples.figures("b", Job::Refresh).is_none() && samples.start("a").is_none());
    }
}
