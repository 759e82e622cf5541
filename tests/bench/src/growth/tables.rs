//! The tables and plots of the results.

use std::time::Duration;

use super::{deployment::Storage, mass::Run, operation::Operation};
use crate::{
    plot::{Bar, Group, Plot},
    report::Table,
    statistics::{median, quantile},
};

/// The largest ratio that counts as flat: what differs between two runs of the same measurement.
const FLAT: f64 = 1.1;

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
    pub(super) seeded_in: Duration,
    /// In MiB. `None`: there is no file.
    pub(super) file: Option<f64>,
    /// The memory of the process that has the database, in MiB.
    pub(super) memory: f64,
    /// The share of a processor that the process with the database uses without a request.
    pub(super) idle: f64,
}

/// The latencies and processor times of one operation, for each database.
pub(super) struct OperationResults {
    pub(super) operation: Operation,
    pub(super) samples: Vec<Samples>,
}

#[derive(Clone, Default)]
pub(super) struct Samples {
    /// In milliseconds.
    pub(super) latencies: Vec<f64>,
    /// In microseconds per operation: one value a round.
    pub(super) cpu: Vec<f64>,
}

impl Results {
    /// Returns the table of latencies and processor times.
    pub(super) fn table(&self) -> Table {
        let mut columns = vec!["Operation".to_owned(), "Latency ratio".to_owned()];
        columns.extend(self.databases.iter().map(|database| format!("Beside {}", number(database.grants))));
        columns.push("CPU ratio".to_owned());
        columns.extend(self.databases.iter().map(|database| format!("CPU, {}", number(database.grants))));
        let rows = self.operations.iter().map(|results| {
            let latencies: Vec<_> =
                results.samples.iter().map(|samples| median(&samples.latencies)).collect();
            let cpu: Vec<_> = results.samples.iter().map(|samples| median(&samples.cpu)).collect();
            let mut row = vec![results.operation.name().to_owned(), ratio(&latencies)];
            let with_p99 = |samples: &Samples| {
                let p99 = quantile(&samples.latencies, 0.99);
                format!("{:.2} / {p99:.2}", median(&samples.latencies))
            };
            row.extend(results.samples.iter().map(with_p99));
            row.push(ratio(&cpu));
            // A command over DynamoDB Local uses no server of Jeton's.
            row.extend(
                cpu.iter().map(|micros| if *micros > 0.0 { format!("{micros:.0}") } else { String::new() }),
            );
            row
        });
        Table {
            name: format!("growth-{}", self.storage.name()),
            caption: format!(
                "{}: latency in milliseconds (median / p99) and processor time of Jeton's process in microseconds, for one \
                 operation beside that many live grants, and the ratio of the most grants to the fewest. {}:",
                match self.storage {
                    Storage::File => "`jeton serve` with a database in a file",
                    Storage::DynamodbLocal => "Jeton over AWS's DynamoDB Local",
                },
                self.aim(),
            ),
            columns,
            rows: rows.collect(),
        }
    }

    /// Returns whether the aim is met.
    fn aim(&self) -> String {
        let slower = self.operations.iter().filter(|results| {
            let latencies: Vec<_> =
                results.samples.iter().map(|samples| median(&samples.latencies)).collect();
            matches!(latencies[..], [first, .., last] if last > first * FLAT)
        });
        let slower: Vec<_> = slower.map(|results| results.operation.name()).collect();
        let result =
            if slower.is_empty() { "met".to_owned() } else { format!("missed by {}", slower.join(", ")) };
        format!("The aim, a ratio of at most {FLAT}, is {result}")
    }

    /// Returns the chart of the median latencies.
    pub(super) fn plot(&self) -> Plot {
        let group = |results: &OperationResults| {
            let bars = self.databases.iter().zip(&results.samples).map(|(database, samples)| {
                let value = median(&samples.latencies);
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
                format!("{:.1} %", database.idle * 100.0),
                format!("{:.1}", database.seeded_in.as_secs_f64()),
            ]
        })
    });
    let columns =
        ["Database", "Grants", "Files, MiB", "Memory, MiB", "Processor while idle", "Written in, s"];
    Table {
        name: "growth-databases".to_owned(),
        caption: "The databases: the size of their files, the memory of the process that has the database, and what that \
                  process uses of a processor while it gets no request:"
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
            format!("{seconds:.1}"),
            format!("{:.1}", seconds * 1e6 / count(run.items)),
            format!("{:.1}", run.peak),
        ]
    });
    let columns = ["Command", "Grants or users", "Duration, s", "µs for each", "Peak memory, MiB"];
    Table {
        name: "growth-commands".to_owned(),
        caption: "Commands over many items, on a database in a file; the memory is that of the command:"
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
    fn the_ratio_is_of_the_last_to_the_first() {
        assert_eq!(ratio(&[2.0, 9.0, 3.0]), "1.50");
        assert_eq!(
            (ratio(&[]), ratio(&[1.0]), ratio(&[0.0, 1.0])),
            (String::new(), String::new(), String::new())
        );
    }
}
