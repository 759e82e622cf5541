//! The tables and plots of the results.

use std::time::Duration;

use super::{deployment::Storage, mass::Run, operation::Operation};
use crate::{
    plot::{Bar, Group, Plot},
    report::Table,
    statistics::{median, quantile},
};

/// The largest ratio that counts as flat: a limit that was chosen, not measured.
const FLAT: f64 = 1.1;
/// The fewest samples of which a 99th percentile is shown: ten of them are above it.
const ENOUGH_FOR_P99: usize = 1_000;
/// The cell of a value that does not exist.
const NONE: &str = "–";

/// The results over one storage.
pub(super) struct Results {
    pub(super) storage: Storage,
    /// From the smallest to the largest.
    pub(super) databases: Vec<DatabaseResults>,
    pub(super) operations: Vec<OperationResults>,
}

/// What is known of one database.
pub(super) struct DatabaseResults {
    pub(super) grants: usize,
    /// The grants that the operations have added.
    pub(super) added: usize,
    /// In MiB. `None`: there is no file.
    pub(super) file: Option<f64>,
    /// The memory of the process that has the database, in MiB.
    pub(super) memory: f64,
    /// The processor time of the server's start with its first sweep. `None`: the database sweeps itself.
    pub(super) first_sweep: Option<Duration>,
}

/// The latencies and processor times of one operation, for each database.
pub(super) struct OperationResults {
    pub(super) operation: Operation,
    pub(super) samples: Vec<Samples>,
}

#[derive(Clone, Default)]
pub(super) struct Samples {
    /// In milliseconds: those of each round.
    pub(super) latencies: Vec<Vec<f64>>,
    /// In microseconds per operation: one value a round.
    pub(super) cpu: Vec<f64>,
}

impl Samples {
    /// Returns the median of all rounds.
    fn median(&self) -> f64 {
        median(&self.latencies.concat())
    }

    /// Returns the median of all rounds, the smallest and the largest median of a round, and the 99th percentile if there
    /// are enough samples.
    fn cell(&self) -> String {
        let all = self.latencies.concat();
        let rounds: Vec<_> = self.latencies.iter().map(|round| median(round)).collect();
        let (least, most) = (quantile(&rounds, 0.0), quantile(&rounds, 1.0));
        let cell = format!("{:.2} ({least:.2}–{most:.2})", median(&all));
        if all.len() < ENOUGH_FOR_P99 { cell } else { format!("{cell}, p99 {:.2}", quantile(&all, 0.99)) }
    }
}

impl OperationResults {
    /// Returns the median latency beside each number of grants.
    fn medians(&self) -> Vec<f64> {
        self.samples.iter().map(Samples::median).collect()
    }
}

impl Results {
    /// Returns the table of latencies and processor times.
    pub(super) fn table(&self) -> Table {
        let mut columns = vec!["Operation".to_owned(), "Latency ratio".to_owned()];
        columns.extend(self.databases.iter().map(|database| format!("Beside {}", number(database.grants))));
        columns.push("CPU ratio".to_owned());
        columns.extend(self.databases.iter().map(|database| format!("CPU, {}", number(database.grants))));
        let width = columns.len();
        let rows = self.operations.iter().map(|results| {
            let mut row = vec![results.operation.name().to_owned(), ratio(&results.medians())];
            row.extend(results.samples.iter().map(Samples::cell));
            // A command over DynamoDB Local uses no server of Jeton's.
            if results.operation.is_command() && self.storage == Storage::DynamodbLocal {
                row.resize(width, NONE.to_owned());
                return row;
            }
            let cpu: Vec<_> = results.samples.iter().map(|samples| median(&samples.cpu)).collect();
            row.push(ratio(&cpu));
            row.extend(cpu.iter().map(|micros| format!("{micros:.0}")));
            row
        });
        Table {
            name: format!("growth-{}", self.storage.name()),
            caption: format!(
                "{}: latency in milliseconds (the median; in parentheses, the smallest and the largest median of a round; the \
                 99th percentile if there are {} samples), processor time of Jeton's server in microseconds, each for one \
                 operation beside that many live grants, and the ratios of the most grants to the fewest. {}:",
                match self.storage {
                    Storage::File => "`jeton serve` with a database in a file",
                    Storage::DynamodbLocal => "Jeton over AWS's DynamoDB Local",
                },
                number(ENOUGH_FOR_P99),
                self.aim(),
            ),
            columns,
            rows: rows.collect(),
        }
    }

    /// Returns whether the aim is met.
    fn aim(&self) -> String {
        let slower = self
            .operations
            .iter()
            .filter(|results| matches!(results.medians()[..], [first, .., last] if last > first * FLAT));
        let slower: Vec<_> = slower.map(|results| results.operation.name()).collect();
        let result =
            if slower.is_empty() { "met".to_owned() } else { format!("missed by {}", slower.join(", ")) };
        format!(
            "The aim is a latency ratio of at most {FLAT}, a limit that was chosen, not measured; it is {result}"
        )
    }

    /// Returns the chart of the median latencies.
    pub(super) fn plot(&self) -> Plot {
        let group = |results: &OperationResults| {
            let bars = self.databases.iter().zip(&results.samples).map(|(database, samples)| {
                let value = samples.median();
                let label = format!("{} grants", number(database.grants));
                Bar { label, value, text: format!("{value:.2} ms"), own: true }
            });
            Group { label: results.operation.name().replace('`', ""), bars: bars.collect() }
        };
        Plot {
            name: format!("growth-{}", self.storage.name()),
            title: format!(
                "Median latency in milliseconds, {} (less is better)",
                match self.storage {
                    Storage::File => "database in a file",
                    Storage::DynamodbLocal => "DynamoDB Local",
                }
            ),
            groups: self.operations.iter().map(group).collect(),
        }
    }
}

/// Returns the table of all databases.
pub(super) fn databases(all: &[Results]) -> Table {
    let rows = all.iter().flat_map(|results| {
        results.databases.iter().map(|database| {
            vec![
                match results.storage {
                    Storage::File => "file".to_owned(),
                    Storage::DynamodbLocal => "DynamoDB Local".to_owned(),
                },
                number(database.grants),
                database.file.map_or_else(|| "in memory".to_owned(), |size| format!("{size:.1}")),
                format!("{:.1}", database.memory),
                database
                    .first_sweep
                    .map_or_else(|| NONE.to_owned(), |time| format!("{:.2}", time.as_secs_f64())),
                number(database.added),
            ]
        })
    });
    let columns = ["Database", "Grants", "Files, MiB", "Memory, MiB", "First sweep, s", "Grants added"];
    Table {
        name: "growth-databases".to_owned(),
        caption: "The databases at the end: the size of their files, the memory of the process that has the database, the \
                  processor time of `jeton serve` from its start to the end of its first sweep, and the number of grants that \
                  the operations have added:"
            .to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

/// Returns the table of the commands.
pub(super) fn commands(runs: &[Run]) -> Table {
    let rows = runs.iter().map(|run| {
        let seconds = run.duration.as_secs_f64();
        vec![
            run.command.to_owned(),
            number(run.items),
            format!("{seconds:.2}"),
            format!("{:.1}", seconds * 1e6 / count(run.items)),
            run.peak.map_or_else(|| NONE.to_owned(), |peak| format!("{peak:.1}")),
        ]
    });
    let columns = ["Command", "Grants or users", "Duration, s", "µs for each", "Peak memory, MiB"];
    Table {
        name: "growth-commands".to_owned(),
        caption: "Commands over many items, on a database in a file; each ran once, when the server's first sweep was over. The \
                  memory is that of the command:"
            .to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

/// Returns the ratio of the last value to the first.
fn ratio(values: &[f64]) -> String {
    match values {
        [first, .., last] if *first > 0.0 => format!("{:.2}", last / first),
        _ => String::new(),
    }
}

/// Returns the number with its thousands apart.
fn number(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
fn count(items: usize) -> f64 {
    items as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        for (value, text) in [(7, "7"), (999, "999"), (1_000, "1,000"), (1_000_000, "1,000,000")] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_cell_has_a_99th_percentile_only_of_many_samples() {
        let of = |rounds| Samples { latencies: vec![vec![1.0; 100], vec![2.0; rounds]], cpu: Vec::new() };
        assert_eq!(of(101).cell(), "2.00 (1.00–2.00)");
        assert_eq!(of(900).cell(), "2.00 (1.00–2.00), p99 2.00");
    }

    #[test]
    fn the_ratio_is_of_the_last_to_the_first() {
        assert_eq!(ratio(&[2.0, 9.0, 3.0]), "1.50");
        assert_eq!(
            (ratio(&[]), ratio(&[1.0]), ratio(&[0.0, 1.0])),
            (String::new(), String::new(), String::new())
        );
    }
}
