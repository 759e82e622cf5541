//! The functions, started as AWS Lambda starts them.

#![expect(clippy::indexing_slicing, reason = "a member that a JSON value does not have is null")]

mod case;
mod event;
mod front;
mod function;
mod kms;
mod limit;
mod measure;
mod price;
mod replay;
mod size;
mod stage;
mod tables;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::{runtime::Builder, task};

use self::{
    case::Case,
    limit::Limit,
    measure::{Run, Samples, Subject},
    stage::Stage,
};
use crate::{
    directory::Directory, http, machine::Machine, process::move_to_the_load_core, report::Report, signals,
};

/// The options of `bench lambda`.
#[derive(Args, Clone)]
pub(crate) struct Options {
    /// Only the cases whose name contains this text, such as `token` or `login: form`; repeatable
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// The cold starts of each program
    #[arg(long, default_value_t = 15)]
    rounds: u64,
    /// The warm invokes of each cold start
    #[arg(long, default_value_t = 100)]
    invokes: usize,
    /// The directory of the functions, of `jeton` and of the baselines [default: that of this program]
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Http(#[from] http::Error),
    #[error(transparent)]
    Server(#[from] hyper::Error),
    #[error(transparent)]
    Response(#[from] hyper::http::Error),
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    #[error(transparent)]
    Certificate(#[from] rcgen::Error),
    #[error(transparent)]
    Task(#[from] task::JoinError),
    #[error("unexpected: {0}")]
    Unexpected(String),
    #[error("{case}: {error}")]
    Case { case: String, error: Box<Self> },
}

impl Error {
    fn unexpected(what: impl Into<String>) -> Self {
        Self::Unexpected(what.into())
    }

    /// Names the case in an error.
    fn of(case: &Case) -> impl FnOnce(Self) -> Self {
        let case = case.name();
        move |error| Self::Case { case, error: Box::new(error) }
    }
}

/// Runs the benchmark, off the core of the functions.
pub(crate) async fn run(options: &Options) -> Result<Report, Error> {
    let options = options.clone();
    task::spawn_blocking(move || {
        move_to_the_load_core()?;
        Builder::new_current_thread().enable_all().build()?.block_on(async {
            // What is dropped stops its processes.
            tokio::select! {
                report = measure(&options) => report,
                error = signals::interrupted() => Err(error.into()),
            }
        })
    })
    .await?
}

async fn measure(options: &Options) -> Result<Report, Error> {
    let cases: Vec<_> = case::ALL.iter().copied().filter(|case| options.includes(case)).collect();
    if cases.is_empty() {
        return Err(Error::unexpected("no case has such a name"));
    }
    let binaries = match &options.binaries {
        Some(binaries) => fs::canonicalize(binaries)?,
        None => env::current_exe()?.parent().map(Path::to_owned).unwrap_or_default(),
    };
    let directory = Directory::new()?;
    let folder = directory.path();
    let run = Run { binaries: &binaries, folder, invokes: options.invokes };
    let limits = Limit::of(measure::MEMORIES[0]).is_ok();
    let progress = progress(&cases, options.rounds);
    let mut stage = Stage::start(&binaries.join("jeton"), folder).await?;
    let mut subjects = Vec::new();
    for case in &cases {
        say(&progress, &format!("the requests of {}", case.name()));
        subjects.push(Subject::try_once(*case, &mut stage, &run).await.map_err(Error::of(case))?);
    }
    let mut empty = Samples::default();
    for _ in 0..options.rounds {
        measure::empty(&mut stage, &run, &mut empty).await?;
        for subject in &mut subjects {
            let case = subject.case;
            say(&progress, &case.name());
            subject.round(&mut stage, &run, limits).await.map_err(Error::of(&case))?;
        }
    }
    progress.finish_and_clear();
    let sizes = size::of(&cases, &binaries, folder)?;
    Ok(Report {
        name: "lambda".to_owned(),
        machine: Machine::this()?,
        tables: tables::tables(&subjects, &empty, &sizes, limits),
        plots: tables::plots(&subjects, limits),
    })
}

impl Options {
    fn includes(&self, case: &Case) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| case.name().contains(only))
    }
}

fn progress(cases: &[Case], rounds: u64) -> ProgressBar {
    let starts = u64::try_from(cases.len()).unwrap_or_default() * (rounds + 1);
    let progress = ProgressBar::new(starts);
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} {wide_bar} {eta} left: {msg}") {
        progress.set_style(style);
    }
    progress
}

fn say(progress: &ProgressBar, what: &str) {
    progress.set_message(what.to_owned());
    progress.inc(1);
}
