//! The cost of operations beside many live grants, and of commands over many items.

mod clients;
mod dataset;
mod deployment;
mod mass;
mod operation;
mod process;
mod seed;
mod tables;

use std::{env, io, path::PathBuf, time::Duration};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use self::{
    deployment::{Deployment, Programs, Storage},
    operation::{Load, Operation, now},
    tables::{DatabaseResults, OperationResults, Results, Samples},
};
use crate::{machine::Machine, report::Report};

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
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// How often a round makes each operation on each database
    #[arg(long, default_value_t = 40)]
    operations: usize,
    /// The numbers of grants and users of the commands; 0: none
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000")]
    commands: Vec<usize>,
    /// How long a server is watched without a request
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    idle: u64,
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
    let jeton = options.jeton.clone().unwrap_or(beside).to_string_lossy().into_owned();
    let programs = Programs { jeton, dynamodb_local: options.dynamodb_local.clone().unwrap_or_default() };
    process::move_to_the_load_core().await?;
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
    let (mut loads, mut databases) = (Vec::new(), Vec::new());
    for grants in options.grants.iter().copied() {
        let begin = now();
        let progress =
            progress(format!("{}: writing {grants} grants", storage.name()), grants + grants / 100 * 3);
        let deployment = Deployment::start(storage, programs, grants, samples, &progress).await?;
        progress.finish_and_clear();
        let seeded_in = begin.elapsed();
        let load = Load::on(deployment).await?;
        databases.push(watch(&load.deployment, seeded_in, options.idle).await?);
        load.deployment.pause().await?;
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
        for (nth, load) in loads.iter_mut().enumerate() {
            load.deployment.resume().await?;
            for results in &mut operations {
                let (latencies, cpu) = load.measure(results.operation, options.operations).await?;
                if let Some(samples) = results.samples.get_mut(nth).filter(|_| round > 0) {
                    samples.latencies.extend(latencies);
                    samples.cpu.push(cpu);
                }
            }
            load.deployment.pause().await?;
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    for (load, database) in loads.into_iter().zip(&mut databases) {
        load.deployment.resume().await?;
        database.memory = load.deployment.memory_of_the_database()?;
        load.deployment.stop().await?;
    }
    Ok(Results { storage, databases, operations })
}

/// Watches a deployment without a request.
async fn watch(deployment: &Deployment, seeded_in: Duration, seconds: u64) -> io::Result<DatabaseResults> {
    let progress = progress(format!("watching a server beside {} grants", deployment.grants), 1);
    let (before, begin) = (deployment.cpu_of_the_database()?, now());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let spent = deployment.cpu_of_the_database()?.saturating_sub(before);
    progress.finish_and_clear();
    Ok(DatabaseResults {
        grants: deployment.grants,
        seeded_in,
        file: deployment.file_size()?,
        memory: deployment.memory_of_the_database()?,
        idle: spent.as_secs_f64() / begin.elapsed().as_secs_f64(),
    })
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
