//! Jeton's benchmarks. `tests/bench/run` builds what they measure, and runs them.

mod browser;
mod directory;
mod growth;
mod http;
mod jeton;
mod lambda;
mod machine;
mod overload;
mod page;
mod plot;
mod process;
mod report;
mod signals;
mod statistics;
mod throughput;

use std::{error::Error, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// Measures Jeton beside baselines and peers. Each benchmark prints its tables, and writes them to the directory of results,
/// from which `page` writes docs/benchmarks.md.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    /// The directory of results
    #[arg(long, global = true, default_value = "target/bench")]
    results: PathBuf,
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Subcommand)]
enum Benchmark {
    /// Starts each function as AWS Lambda does, beside functions that do as many requests to DynamoDB and nothing else
    Lambda(lambda::Options),
    /// Loads the local server and its peers on one core
    Throughput(throughput::Options),
    /// Serves the embedded DynamoDB, for the peers of `throughput`
    #[command(hide = true)]
    Engine,
    /// Repeats each operation beside 1,000, 100,000 and 1,000,000 live grants
    Growth(growth::Options),
    /// Sends the local server more than it can answer
    Overload(overload::Options),
    /// Writes docs/benchmarks.md from the results
    Page(page::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the command's own message")]
            {
                eprintln!("bench: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(Arguments { results, benchmark }: Arguments) -> Result<(), Box<dyn Error>> {
    let report = match benchmark {
        Benchmark::Lambda(options) => lambda::run(&options).await?,
        Benchmark::Throughput(options) => throughput::run(&options).await?,
        Benchmark::Engine => return Ok(throughput::serve_engine().await?),
        // What is dropped stops its processes.
        Benchmark::Growth(options) => tokio::select! {
            report = Box::pin(growth::run(&options)) => report?,
            error = signals::interrupted() => return Err(error.into()),
        },
        Benchmark::Overload(options) => overload::run(&options).await?,
        Benchmark::Page(options) => return Ok(page::write(&options, &results)?),
    };
    report.print();
    Ok(report.save(&results)?)
}
