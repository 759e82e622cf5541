//! The tables and the plots.

use std::{io, process::Command};

use clap::ValueEnum;
use serde_json::Value;

use super::{
    contender::{CONTENDERS, Contender, JETON, JETON_BY_HTTP, OIDC_PROVIDER},
    job::Job,
    samples::{Figures, Samples},
};
use crate::{
    plot::{Bar, Group, Plot},
    report::Table,
};

/// The cell of a job that a server does not offer, or that was not measured.
const NONE: &str = "–";

/// Returns the tables, ratios first.
pub(super) fn all(samples: &Samples) -> io::Result<Vec<Table>> {
    Ok(vec![aims(samples), ratios(samples), jobs(samples), starts(samples), versions(&node()?)?])
}

fn table(name: &str, caption: &str, columns: &[&str], rows: Vec<Vec<String>>) -> Table {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    Table { name: name.to_owned(), caption: caption.to_owned(), columns, rows }
}

/// Jeton beside oidc-provider on the same engine, where the aim is a ratio of 1 or more.
fn aims(samples: &Samples) -> Table {
    let row = |name: &str, reached_by: &str, job: &Job| {
        let (jeton, peer) = (samples.figures(name, *job)?, samples.figures(OIDC_PROVIDER, *job)?);
        let [own, other] = [jeton, peer].map(rate_and_range);
        Some(vec![
            reached_by.to_owned(),
            job.label().to_owned(),
            ratio(jeton, peer),
            own,
            other,
            aim(jeton, peer).to_owned(),
        ])
    };
    let rows = [(JETON, "in the process"), (JETON_BY_HTTP, "by HTTP")]
        .iter()
        .flat_map(|(name, reached_by)| {
            Job::value_variants().iter().filter_map(|job| row(name, reached_by, job))
        })
        .collect();
    let caption = "Requests a second of Jeton and of oidc-provider on the same engine, with the smallest and the largest \
                   of the rounds' rates. The aim is at least as many; it is undecided where the ranges overlap. In the \
                   process: what a user of `jeton serve` gets, for whom the aim is set. By HTTP: Jeton's functions \
                   reach the engine as oidc-provider does.";
    let columns = ["Jeton's engine", "job", "ratio", "Jeton", "oidc-provider", "aim"];
    table("throughput-aims", caption, &columns, rows)
}

fn aim(jeton: Figures, peer: Figures) -> &'static str {
    match jeton.reaches(peer) {
        Some(true) => "met",
        Some(false) => "**missed**",
        None => "undecided",
    }
}

/// Jeton's requests a second beside those of each peer.
fn ratios(samples: &Samples) -> Table {
    let peers = CONTENDERS.iter().filter(|one| !one.is_jeton());
    let row = |peer: &Contender| {
        let cell = |job: &Job| {
            let figures = samples.figures(JETON, *job).zip(samples.figures(peer.name, *job));
            figures.map_or_else(|| NONE.to_owned(), |(jeton, peer)| ratio(jeton, peer))
        };
        let mut row = vec![peer.label.to_owned()];
        row.extend(Job::value_variants().iter().map(cell));
        row
    };
    let rows = peers.map(row).filter(|row| row.iter().skip(1).any(|cell| cell != NONE)).collect();
    let caption = "Requests a second of Jeton with its engine in the process, divided by those of the peer. Bold: the peer \
                   makes more. The load generator was busy all the time, and its server could do more: Jeton where the \
                   ratio begins with ≥, the peer where it begins with ≤, both where it begins with ≈.";
    let mut columns = vec!["peer"];
    columns.extend(Job::value_variants().iter().map(|job| job.label()));
    table("throughput-ratios", caption, &columns, rows)
}

/// Every server's figures.
fn jobs(samples: &Samples) -> Table {
    let mut rows = Vec::new();
    for job in Job::value_variants() {
        for contender in &CONTENDERS {
            let Some(figures) = samples.figures(contender.name, *job) else { continue };
            let Figures { p50_ms, p99_ms, server_us, engine_us, .. } = figures;
            let engine = if engine_us > 0.0 { format!("{engine_us:.0}") } else { NONE.to_owned() };
            rows.push(vec![
                job.label().to_owned(),
                contender.label.to_owned(),
                rate(figures),
                range(figures),
                format!("{p50_ms:.2}"),
                format!("{p99_ms:.2}"),
                format!("{server_us:.0}"),
                engine,
            ]);
        }
    }
    let caption = "Medians of the rounds, and the smallest and the largest of the rounds' rates. Beginning with ≥: the \
                   load generator's processor was busy all the time, and the server could do more.";
    let columns = [
        "job",
        "server",
        "requests/s",
        "smallest–largest",
        "p50 ms",
        "p99 ms",
        "CPU µs, server",
        "CPU µs, database",
    ];
    table("throughput", caption, &columns, rows)
}

/// Every server's start and memory.
fn starts(samples: &Samples) -> Table {
    let row = |contender: &Contender| {
        let [start, idle, peak] = samples.start(contender.name)?;
        let label = contender.label.to_owned();
        Some(vec![label, format!("{start:.0}"), format!("{idle:.0}"), format!("{peak:.0}")])
    };
    let rows = CONTENDERS.iter().filter_map(row).collect();
    let caption = "Time until the server listens, and the resident memory of its process: before the first request, and at \
                   most during all jobs. The process of Jeton with its engine includes the database; those on DynamoDB do not.";
    table("throughput-starts", caption, &["server", "start ms", "memory MiB", "peak MiB"], rows)
}

/// Returns the version of Node.js, such as `22.1.0`.
fn node() -> io::Result<String> {
    let version = Command::new("node").arg("--version").output()?.stdout;
    Ok(String::from_utf8_lossy(&version).trim().trim_start_matches('v').to_owned())
}

/// The peers' versions.
fn versions(node: &str) -> io::Result<Table> {
    let packages: Value = serde_json::from_str(include_str!("../../peers/package.json"))?;
    let packages = packages.get("dependencies").and_then(Value::as_object).into_iter().flatten();
    let mut rows: Vec<_> = packages
        .map(|(name, version)| vec![name.clone(), version.as_str().unwrap_or_default().to_owned()])
        .collect();
    let crates = include_str!("../../peers/oxide-auth/Cargo.toml").lines();
    rows.extend(crates.filter_map(|line| {
        let (name, version) = line.split_once(" = ")?;
        name.starts_with("oxide-auth").then(|| vec![name.to_owned(), version.replace('"', "")])
    }));
    rows.push(vec!["Node.js".to_owned(), node.to_owned()]);
    Ok(table("throughput-versions", "The versions of the peers.", &["package", "version"], rows))
}

/// Returns the plots: Jeton beside the peers on the same engine, and in one process beside the peers in memory.
pub(super) fn plots(samples: &Samples) -> Vec<Plot> {
    let on_engine = "Requests a second on one core, all on the same engine (more is better)";
    let in_memory = "Requests a second on one core, in one process (more is better)";
    vec![
        plot(samples, "throughput", on_engine, |one| {
            one.is_jeton() || one.shares_its_processor_with_the_engine()
        }),
        plot(samples, "throughput-memory", in_memory, Contender::is_one_process),
    ]
}

/// Returns the bars of the servers that `is_shown` selects, in a group for each job.
fn plot(samples: &Samples, name: &str, title: &str, is_shown: fn(Contender) -> bool) -> Plot {
    let group = |job: &Job| {
        let bar = |contender: &Contender| {
            let figures = samples.figures(contender.name, *job).filter(|_| is_shown(*contender))?;
            let label = contender.label.replace('*', "");
            Some(Bar { label, value: figures.rate, text: rate(figures), own: contender.is_jeton() })
        };
        Group { label: job.label().to_owned(), bars: CONTENDERS.iter().filter_map(bar).collect() }
    };
    let groups = Job::value_variants().iter().map(group).filter(|group| !group.bars.is_empty()).collect();
    Plot { name: name.to_owned(), title: title.to_owned(), groups }
}

/// Returns the ratio of two rates, in bold if the peer's is higher.
fn ratio(jeton: Figures, peer: Figures) -> String {
    let bound = match (jeton.is_bound, peer.is_bound) {
        (false, false) => "",
        (true, false) => "≥ ",
        (false, true) => "≤ ",
        (true, true) => "≈ ",
    };
    let ratio = jeton.rate / peer.rate;
    if ratio < 1.0 { format!("**{bound}{ratio:.2}**") } else { format!("{bound}{ratio:.2}") }
}

/// Returns the requests a second, with thousands set off.
fn rate(figures: Figures) -> String {
    let bound = if figures.is_bound { "≥ " } else { "" };
    format!("{bound}{}", whole(figures.rate))
}

/// Returns the requests a second, with the smallest and the largest of the rounds.
fn rate_and_range(figures: Figures) -> String {
    format!("{} ({})", rate(figures), range(figures))
}

fn range(figures: Figures) -> String {
    figures.rates.map(whole).join("–")
}

/// Returns a whole number, with thousands set off.
fn whole(number: f64) -> String {
    let (digits, mut text) = (format!("{number:.0}"), String::new());
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_that_are_installed() {
        let rows = versions("22.1.0").unwrap().rows;
        for package in ["oidc-provider", "@openauthjs/openauth", "oxide-auth", "oxide-auth-axum", "Node.js"] {
            let version = &rows.iter().find(|row| row[0] == package).unwrap()[1];
            assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{package}: {version}");
        }
        assert!(rows.iter().all(|row| row[0] != "oxide-auth-server"));
    }

    fn figures(rate: f64, is_bound: bool) -> Figures {
        let rates = [rate * 0.9, rate * 1.1];
        Figures { rate, rates, p50_ms: 1.0, p99_ms: 2.0, server_us: 3.0, engine_us: 0.0, is_bound }
    }

    #[test]
    fn rates_have_thousands_and_tell_a_busy_load_generator() {
        assert_eq!(rate(figures(1_234_567.4, false)), "1,234,567");
        assert_eq!(rate(figures(999.0, true)), "≥ 999");
        assert_eq!(rate_and_range(figures(100_000.0, false)), "100,000 (90,000–110,000)");
    }

    #[test]
    fn a_ratio_that_the_peer_wins_is_bold() {
        assert_eq!(ratio(figures(3.0, false), figures(2.0, false)), "1.50");
        assert_eq!(ratio(figures(1.0, false), figures(2.0, false)), "**0.50**");
    }

    #[test]
    fn a_ratio_tells_whose_rate_could_be_higher() {
        assert_eq!(ratio(figures(3.0, true), figures(2.0, false)), "≥ 1.50");
        assert_eq!(ratio(figures(3.0, false), figures(2.0, true)), "≤ 1.50");
        assert_eq!(ratio(figures(1.0, true), figures(2.0, true)), "**≈ 0.50**");
    }

    #[test]
    fn an_aim_is_undecided_where_ranges_overlap() {
        assert_eq!(aim(figures(3.0, false), figures(2.0, false)), "met");
        assert_eq!(aim(figures(2.0, false), figures(3.0, false)), "**missed**");
        assert_eq!(aim(figures(3.0, false), figures(2.9, false)), "undecided");
        // A rate that the load generator limits could be any higher one.
        assert_eq!(aim(figures(3.0, false), figures(2.0, true)), "undecided");
        assert_eq!(aim(figures(2.0, true), figures(3.0, false)), "undecided");
        assert_eq!(aim(figures(3.0, true), figures(2.0, false)), "met");
    }
}
