//! The local server past its capacity: what it answers, what it refuses, its memory, and how soon it recovers.

mod load;
mod request;
mod stage;
mod tables;

use std::{path::PathBuf, time::Duration};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::{http, machine::Machine, process::move_to_the_load_core, report::Report, signals};
use load::{Load, Period};
use request::Kind;
use stage::Stage;

/// The options of `bench overload`.
#[derive(Args, Clone)]
pub(crate) struct Options {
    /// The length of each of the two parts
    #[arg(long, value_name = "MINUTES", default_value_t = 15.0)]
    minutes: f64,
    /// How many times the measured capacity the requests are
    #[arg(long, value_name = "N", default_value_t = 2.0)]
    times: f64,
    /// How many times the measured rate of sign-ins the sign-ins of the second part are
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    sign_ins: f64,
    /// The release build of Jeton
    #[arg(long, value_name = "FILE", default_value = "target/release/jeton")]
    jeton: PathBuf,
}

/// The reason why the benchmark stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Http(#[from] http::Error),
    #[error("a wrong answer: {0}")]
    Wrong(String),
    #[error("the server did not recover within a minute")]
    NotRecovered,
}

/// What one part found.
struct Part {
    name: &'static str,
    periods: Vec<Period>,
    /// From the end of the load until the server answered as before it.
    recovery: Duration,
    /// The refresh tokens that were valid before, and those that still are.
    grants: [usize; 2],
}

/// What the benchmark found.
struct Found {
    /// Requests and sign-ins a second that the server can answer.
    capacity: [f64; 2],
    /// The memory before the load, in MiB.
    idle_memory: f64,
    parts: Vec<Part>,
}

/// Runs the benchmark.
pub(crate) async fn run(options: &Options) -> Result<Report, Error> {
    let (options, machine) = (options.clone(), Machine::this()?);
    // One thread for all connections: the load generator has one processor.
    let found = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(options.measure())
    })
    .await
    .map_err(std::io::Error::other)??;
    Ok(Report { name: "overload".to_owned(), machine, tables: tables::all(&found), plots: Vec::new() })
}

impl Options {
    /// Measures until both parts are over, or a signal stops the command, and with it the server.
    async fn measure(&self) -> Result<Found, Error> {
        move_to_the_load_core()?;
        tokio::select! {
            found = self.parts() => found,
            error = signals::interrupted() => Err(error.into()),
        }
    }

    async fn parts(&self) -> Result<Found, Error> {
        let progress = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("[{elapsed}] {msg}") {
            progress.set_style(style);
        }
        progress.enable_steady_tick(Duration::from_millis(500));
        progress.set_message("the server starts; clients, users and grants are made");
        let stage = Stage::start(&self.jeton).await?;
        let idle_memory = stage.process.memory()?.now;
        progress.set_message("the capacity is measured");
        let mut capacity = [0.0; 2];
        for (capacity, kinds) in capacity.iter_mut().zip([Kind::REQUESTS, &[Kind::SignIn]]) {
            *capacity = stage.capacity(kinds).await?;
        }
        let [requests, sign_ins] = capacity;
        let mut parts = Vec::new();
        for (name, rates) in [
            ("requests", [requests * self.times, 0.0]),
            ("requests and sign-ins", [requests * self.times, sign_ins * self.sign_ins]),
        ] {
            let usual = stage.usual_latency().await?;
            let load = Load { stage: &stage, rates, time: Duration::from_secs_f64(self.minutes * 60.0) };
            let periods = load.run(|period| progress.set_message(format!("{name}: {period}"))).await?;
            let recovery = stage.recovery(usual).await?;
            let grants = stage.valid_grants().await?;
            parts.push(Part { name, periods, recovery, grants });
        }
        progress.finish_and_clear();
        stage.process.stop().await?;
        Ok(Found { capacity, idle_memory, parts })
    }
}
