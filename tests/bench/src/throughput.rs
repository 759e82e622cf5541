//! The local server and its peers under load.

use clap::Args;

use crate::{machine::Machine, report::Report};

/// The options of `bench throughput`.
#[derive(Args)]
pub(crate) struct Options {}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Runs the benchmark.
#[expect(clippy::unused_async, reason = "it is filled next")]
pub(crate) async fn run(_options: &Options) -> Result<Report, Error> {
    Ok(Report {
        name: "throughput".to_owned(),
        machine: Machine::this()?,
        tables: Vec::new(),
        plots: Vec::new(),
    })
}
