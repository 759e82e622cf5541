//! The cost of operations beside many live grants, and of commands over many items.

mod clients;
mod dataset;
mod deployment;
mod mass;
mod operation;
mod seed;
mod tables;

use std::{env, io, path::PathBuf, time::Duration};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

pub(crate) use self::deployment::app;
use self::{
    deployment::{Deployment, Programs, Storage},
    operation::{Load, Operation},
    tables::{DatabaseResults, OperationResults, Results, Samples},
};
use crate::{machine::Machine, process::move_to_the_load_core, report::Report};

/// The options of `bench growth`.
#[derive(Args)]
pub(crate) struct Options {
    /// The numbers of grants, from the fewest to the most
    #[arg(long, value_delimiter = ',', default_value = "1000,100000,1000000")]
    grants: Vec<usize>,
    /// The databases
    #[arg(long, value_enum, value_delimiter = ',', default_value = "file,dynamodb-local")]
    storage: Vec<Storage>,
    /// The operations; all without it
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Operation>,
    /// How often the databases take turns
    #[arg(long, default_value_t = 8)]
    rounds: usize,
    /// How often a round makes each operation on each database
    #[arg(long, default_value_t = 50)]
    operations: usize,
    /// The numbers of grants and users of the commands; 0: none
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000")]
    commands: Vec<usize>,
    /// The `jeton` to measure [default: the one beside this command]
    #[arg(long, value_name = "FILE")]
    jeton: Option<PathBuf>,
    /// The directory of AWS's DynamoDB Local
    #[arg(long, value_name = "DIRECTORY")]
    dynamodb_local: Option<PathBuf>,
    /// Serve the functions over this DynamoDB, and measure nothing: a part of the benchmark itself
    #[arg(long, value_name = "URL", hide = true)]
    serve_over: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("growth: {0}")]
    Io(#[from] io::Error),
    #[error("DynamoDB Local is missing: see --dynamodb-local")]
    NoDynamodbLocal,
    #[error("stopped")]
    Stopped,
}

/// Runs the benchmark.
pub(crate) async fn run(options: &Options) -> Result<Report, Error> {
    if let Some(url) = &options.serve_over {
        deployment::serve_over(url).await?;
        return Err(Error::Stopped);
    }
    if options.storage.contains(&Storage::DynamodbLocal) && options.dynamodb_local.is_none() {
        return Err(Error::NoDynamodbLocal);
    }
    let beside = env::current_exe()?.with_file_name("jeton");
    let jeton = options.jeton.clone().unwrap_or(beside);
    let programs = Programs { jeton, dynamodb_local: options.dynamodb_local.clone().unwrap_or_default() };
    move_to_the_load_core()?;
    let mut all = Vec::new();
    for storage in &options.storage {
        all.push(Box::pin(measure(*storage, &programs, options)).await?);
    }
    let mut runs = Vec::new();
    for many in options.commands.iter().copied().filter(|many| *many > 0) {
        let progress =
            progress(format!("commands: writing {many} grants of a client, of a user, and users"), 5 * many);
        runs.extend(Box::pin(mass::commands(&programs, many, &progress)).await?);
        progress.finish_and_clear();
    }
    // From one table to the next: a command's runs stand together.
    runs.sort_by_key(|run| run.command);
    let tables = all.iter().map(Results::table).chain([tables::databases(&all), tables::commands(&runs)]);
    Ok(Report {
        name: "growth".to_owned(),
        machine: Machine::this()?,
        tables: tables.filter(|table| !table.rows.is_empty()).collect(),
        plots: all.iter().map(Results::plot).collect(),
    })
}

/// Measures the operations on databases of all sizes, which take turns.
async fn measure(storage: Storage, programs: &Programs, options: &Options) -> io::Result<Results> {
    // A revoked token is not revoked again, so each revocation needs a token of its own. The first round warms up.
    let samples = options.operations * (options.rounds + 1);
    let mut loads = Vec::new();
    for grants in options.grants.iter().copied() {
        let progress =
            progress(format!("{}: writing {grants} grants", storage.name()), grants + grants / 100 * 3);
        let deployment = Deployment::start(storage, programs, grants, samples, &progress).await?;
        progress.finish_and_clear();
        let load = Load::on(deployment).await?;
        load.deployment.pause()?;
        loads.push(load);
    }
    let chosen = if options.only.is_empty() { Operation::ALL.to_vec() } else { options.only.clone() };
    let samples = vec![Samples::default(); loads.len()];
    let mut operations: Vec<_> = chosen
        .into_iter()
        .map(|operation| OperationResults { operation, samples: samples.clone() })
        .collect();
    let progress = progress(format!("{}: operations", storage.name()), (options.rounds + 1) * loads.len());
    for round in 0..=options.rounds {
        // Each round begins with another database and another operation, so that none is always the first.
        for database in rotated(loads.len(), round) {
            let Some(load) = loads.get_mut(database) else { continue };
            load.resume().await?;
            for nth in rotated(operations.len(), round) {
                let Some(results) = operations.get_mut(nth) else { continue };
                let (latencies, cpu) = load.measure(results.operation, options.operations).await?;
                if let Some(samples) = results.samples.get_mut(database).filter(|_| round > 0) {
                    samples.latencies.push(latencies);
                    samples.cpu.push(cpu);
                }
            }
            load.deployment.pause()?;
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    let mut databases = Vec::new();
    for Load { deployment, added, .. } in loads {
        deployment.resume()?;
        databases.push(DatabaseResults {
            grants: deployment.grants,
            added,
            file: deployment.file_size()?,
            memory: deployment.memory_of_the_database()?,
            first_sweep: deployment.first_sweep,
        });
        deployment.stop().await?;
    }
    Ok(Results { storage, databases, operations })
}

/// Returns the numbers below `count`, from another one on in each round.
fn rotated(count: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |nth| (nth + round) % count)
}

/// Begins a progress line on standard error.
fn progress(title: String, all: usize) -> ProgressBar {
    let bar = ProgressBar::new(all as u64).with_message(title);
    let template = "{msg} [{bar:30}] {human_pos} of {human_len}, {elapsed}";
    // With a wrong template, the bar has its default style.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
