//! The local server and its peers under load, on one processor each.

mod contender;
mod engine;
mod error;
mod job;
mod samples;
mod tables;
mod target;

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum, builder::PossibleValuesParser};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{machine::Machine, process::move_to_the_load_core, report::Report, signals};
use contender::{CONTENDERS, Contender, Programs, Server};
pub(crate) use engine::serve as serve_engine;
pub(crate) use error::Error;
use job::{Job, Workers};
use samples::{Sample, Samples, Start};

/// The most codes that are prepared for a round.
const CODES: usize = 20_000;
/// The fewest codes that are prepared for each connection.
const CODES_OF_A_CONNECTION: usize = 20;

/// The options of `bench throughput`.
#[derive(Args, Clone)]
pub(crate) struct Options {
    /// A server; repeatable [default: all]
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(CONTENDERS.map(|one| one.name)))]
    only: Vec<String>,
    /// A job; repeatable [default: all]
    #[arg(long, value_enum)]
    job: Vec<Job>,
    /// The rounds, in each of which every server starts and does every job
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// The length of a job in a round
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    seconds: u64,
    /// The length of the warm-up before it
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    warm_up: u64,
    /// The connections, each of which sends one request after another
    #[arg(long, value_name = "N", default_value_t = 16)]
    connections: usize,
    /// The release build of Jeton
    #[arg(long, value_name = "FILE", default_value = "target/release/jeton")]
    jeton: PathBuf,
    /// The directory where the peers are installed
    #[arg(long, value_name = "DIRECTORY", default_value = "target/bench-peers")]
    peers: PathBuf,
}

/// Runs the benchmark.
pub(crate) async fn run(options: &Options) -> Result<Report, Error> {
    let (options, machine) = (options.clone(), Machine::this()?);
    // One thread for all connections: the load generator has one processor.
    let samples = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(options.measure())
    })
    .await
    .map_err(std::io::Error::other)??;
    Ok(Report {
        name: "throughput".to_owned(),
        machine,
        tables: tables::all(&samples)?,
        plots: tables::plots(&samples),
    })
}

impl Options {
    /// Measures until all rounds are over, or a signal stops the command, and with it the servers.
    async fn measure(&self) -> Result<Samples, Error> {
        move_to_the_load_core()?;
        tokio::select! {
            samples = self.rounds() => samples,
            error = signals::interrupted() => Err(error.into()),
        }
    }

    async fn rounds(&self) -> Result<Samples, Error> {
        let is_chosen =
            |one: &&Contender| self.only.is_empty() || self.only.iter().any(|name| name == one.name);
        let contenders: Vec<Contender> = CONTENDERS.iter().filter(is_chosen).copied().collect();
        let jobs = if self.job.is_empty() { Job::value_variants() } else { self.job.as_slice() };
        let programs = Programs { jeton: self.jeton.clone(), peers: self.peers.clone() };
        let mut samples = Samples::default();
        let offered = contenders.iter().flat_map(|one| jobs.iter().filter(|job| one.offers(**job)));
        let progress = ProgressBar::new((offered.count() * self.rounds) as u64);
        if let Ok(style) = ProgressStyle::with_template("[{elapsed}] {pos} of {len} {wide_bar} {msg}") {
            progress.set_style(style);
        }
        for round in 1..=self.rounds {
            // Each round begins with another server, so that none always has the same place.
            let first = (round - 1) * contenders.len() / self.rounds;
            for contender in contenders.iter().cycle().skip(first).take(contenders.len()) {
                progress.set_message(format!("round {round}: {} starts", contender.name));
                let failed = |source| Error::Contender { name: contender.name, source: Box::new(source) };
                let server = contender.start(&programs).await.map_err(failed)?;
                for job in jobs.iter().copied().filter(|job| contender.offers(*job)) {
                    progress.set_message(format!("round {round}: {}, {}", contender.name, job.label()));
                    let sample = self.sample(*contender, &server, job).await;
                    let sample = sample.map_err(|error| failed(server.wrong(&error)))?;
                    samples.requests.push(sample);
                    progress.inc(1);
                }
                samples.starts.push(Start::of(*contender, &server)?);
                server.stop().await.map_err(failed)?;
            }
        }
        progress.finish_and_clear();
        Ok(samples)
    }

    /// Measures one job of one server, after a warm-up.
    async fn sample(&self, contender: Contender, server: &Server, job: Job) -> Result<Sample, Error> {
        let time = Duration::from_secs(self.seconds);
        let rate = self.warm_up(server, job).await?;
        let workers = self.prepare(server, job, rate, time).await?;
        let before = server.usage()?;
        let requests = workers.run(time).await?;
        let used = server.usage()?.since(before);
        if requests.latencies.is_empty() {
            return Err(Error::NoRequests(job.label()));
        }
        Ok(Sample::new(contender, job, &requests, used))
    }

    /// Sends requests until the time of the warm-up is over. If they use up the prepared codes before, more are prepared,
    /// for the highest rate so far. Returns the highest rate.
    async fn warm_up(&self, server: &Server, job: Job) -> Result<f64, Error> {
        let (mut left, mut rate) = (Duration::from_secs(self.warm_up), 0.0_f64);
        while !left.is_zero() {
            let requests = self.prepare(server, job, rate, left).await?.run(left).await?;
            left = left.saturating_sub(requests.elapsed);
            rate = rate.max(requests.rate());
        }
        Ok(rate)
    }

    /// Opens the connections, with as many codes as requests at this rate need in this time.
    async fn prepare<'a>(
        &self,
        server: &'a Server,
        job: Job,
        rate: f64,
        time: Duration,
    ) -> Result<Workers<'a>, Error> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive rate")]
        let codes = (rate * time.as_secs_f64()) as usize;
        let fewest = self.connections * CODES_OF_A_CONNECTION;
        Workers::prepare(&server.target, self.connections, job, codes.min(CODES).max(fewest)).await
    }
}
