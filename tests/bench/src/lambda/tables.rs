//! The tables and plots of the functions.

use std::ops::Add;

use super::{
    front::Seen,
    kms::SIGN,
    measure::{MEMORIES, Samples, Subject},
    price,
    size::Size,
};
use crate::{
    plot::{Bar, Group, Plot},
    report::Table,
    statistics::{median, quantile},
};

/// The most that each ratio should be.
const INIT: f64 = 1.1;
const FIRST: f64 = 1.2;
const PROCESSOR: f64 = 1.2;
/// The most memory in MiB, and the largest archive in MB.
const MEMORY: f64 = 12.0;
const ARCHIVE: f64 = 3.0;

/// Returns the tables, in the order of the page.
pub(crate) fn tables(subjects: &[Subject], empty: &Samples, sizes: &[Size], limits: bool) -> Vec<Table> {
    vec![
        ratios(subjects),
        functions(subjects, empty, limits),
        requests(subjects),
        price::table(subjects),
        archives(sizes),
    ]
}

/// Returns the plots, in the order of the page.
pub(crate) fn plots(subjects: &[Subject], limits: bool) -> Vec<Plot> {
    let processor = |samples: &Samples| median(&samples.processor);
    let init = |samples: &Samples| median(&samples.init);
    let first = |samples: &Samples| samples.limited.first().map(|first| median(first)).unwrap_or_default();
    let mut plots = vec![
        plot(
            "lambda-processor",
            "Processor time of a warm invoke in µs (less is better)",
            subjects,
            processor,
        ),
        plot("lambda-init", "Start in ms (less is better)", subjects, init),
    ];
    if limits {
        plots.push(plot("lambda-first", "First invoke at 128 MB in ms (less is better)", subjects, first));
    }
    plots
}

fn plot(name: &str, title: &str, subjects: &[Subject], value: impl Fn(&Samples) -> f64) -> Plot {
    let bar = |label: &str, samples: &Samples, own| {
        let value = value(samples);
        Bar { label: label.to_owned(), value, text: rounded(value), own }
    };
    let compared = subjects.iter().filter(|subject| !subject.case.hashes_a_password());
    let groups = compared.map(|subject| Group {
        label: subject.case.name(),
        bars: vec![bar("Jeton", &subject.own, true), bar("the same requests only", &subject.baseline, false)],
    });
    Plot { name: name.to_owned(), title: title.to_owned(), groups: groups.collect() }
}

fn ratios(subjects: &[Subject]) -> Table {
    let compared = subjects.iter().filter(|subject| !subject.case.hashes_a_password());
    let mut met = 0;
    let mut all = 0;
    let rows = compared.map(|subject| {
        let (own, baseline) = (&subject.own, &subject.baseline);
        let mut cell = |own: &[f64], baseline: &[f64], aim| {
            let ratio = median(own) / median(baseline);
            all += 1;
            met += u32::from(ratio <= aim);
            judged(ratio, aim)
        };
        vec![
            subject.case.name(),
            cell(&own.init, &baseline.init, INIT),
            cell(&own.first, &baseline.first, FIRST),
            cell(&own.processor, &baseline.processor, PROCESSOR),
            signed(median(&own.processor) - median(&baseline.processor)),
        ]
    });
    let rows = rows.collect();
    Table {
        name: "lambda-ratios".to_owned(),
        caption: format!(
            "Each figure is that of Jeton's function divided by that of the function that only sends the same requests to \
             DynamoDB and KMS; {met} of {all} meet their aim."
        ),
        columns: vec![
            "Function".to_owned(),
            format!("Start (aim: {INIT})"),
            format!("First invoke (aim: {FIRST})"),
            format!("Processor time, warm (aim: {PROCESSOR})"),
            "Difference, µs".to_owned(),
        ],
        rows,
    }
}

/// Returns a value, and whether it is at most `aim`.
fn judged(value: f64, aim: f64) -> String {
    format!("{value:.2}{}", if value <= aim { " (met)" } else { "" })
}

fn functions(subjects: &[Subject], empty: &Samples, limits: bool) -> Table {
    let row = |name: String, samples: &Samples| {
        let mut row = vec![name, rounded(median(&samples.init)), rounded(median(&samples.first))];
        if limits {
            row.extend(
                samples
                    .limited
                    .iter()
                    .map(|first| if first.is_empty() { String::new() } else { rounded(median(first)) }),
            );
        }
        row.push(rounded(median(&samples.warm)));
        row.push(rounded(quantile(&samples.warm, 0.99)));
        row.push(rounded(median(&samples.processor)));
        row.push(format!("{:.1}", median(&samples.peak)));
        row
    };
    let mut rows = vec![row("an empty function".to_owned(), empty)];
    for subject in subjects {
        rows.push(row(subject.case.name(), &subject.own));
        if !subject.case.hashes_a_password() {
            rows.push(row("– the same requests only".to_owned(), &subject.baseline));
        }
    }
    let limited = MEMORIES.iter().filter(|_| limits).map(|memory| format!("First at {memory} MB, ms"));
    let columns = ["Function", "Start, ms", "First, ms"].map(str::to_owned).into_iter().chain(limited);
    let others = ["Warm p50, ms", "Warm p99, ms", "Processor time, µs", "Peak memory, MiB"];
    let most = subjects.iter().filter(|subject| !subject.case.hashes_a_password());
    let most = most.map(|subject| median(&subject.own.peak)).fold(0.0, f64::max);
    Table {
        name: "lambda-functions".to_owned(),
        caption: format!(
            "Medians of {} starts, and of {} warm invokes in all; without passwords the most memory is {most:.1} MiB (aim: \
             {MEMORY} MiB).{}",
            empty.init.len(),
            empty.warm.len(),
            if limits {
                ""
            } else {
                " The processor's share could not be limited: no control group was writable."
            }
        ),
        columns: columns.chain(others.map(str::to_owned)).collect(),
        rows,
    }
}

fn requests(subjects: &[Subject]) -> Table {
    let row = |subject: &Subject| {
        let cells = [&subject.first, &subject.warm]
            .into_iter()
            .flat_map(|seen| [cost(seen, is_read), cost(seen, is_write), number(signatures(seen))]);
        [subject.case.name()].into_iter().chain(cells).collect()
    };
    let columns = [
        "Function",
        "First: reads",
        "First: writes",
        "First: KMS",
        "Warm: reads",
        "Warm: writes",
        "Warm: KMS",
    ];
    Table {
        name: "lambda-requests".to_owned(),
        caption:
            "Requests to DynamoDB of one invoke, and in brackets the capacity units that DynamoDB would bill; and requests to \
             KMS."
                .to_owned(),
        columns: columns.map(str::to_owned).into(),
        rows: subjects.iter().map(row).collect(),
    }
}

pub(super) fn is_read(operation: &str) -> bool {
    matches!(operation, "GetItem" | "BatchGetItem" | "Query" | "Scan" | "TransactGetItems")
}

pub(super) fn is_write(operation: &str) -> bool {
    !is_read(operation) && operation != SIGN
}

/// Returns the number of requests to KMS.
pub(super) fn signatures(seen: &[Seen]) -> usize {
    seen.iter().filter(|seen| seen.operation == SIGN).count()
}

/// Returns the number of some requests and their units, such as `2 (3)`.
fn cost(seen: &[Seen], counts: impl Fn(&str) -> bool) -> String {
    match seen.iter().filter(|seen| counts(&seen.operation)).count() {
        0 => number(0),
        requests => format!("{requests} ({})", units(seen, counts)),
    }
}

fn number(requests: usize) -> String {
    if requests == 0 { "–".to_owned() } else { requests.to_string() }
}

/// Returns the units of some requests.
pub(super) fn units(seen: &[Seen], counts: impl Fn(&str) -> bool) -> f64 {
    // Rust's sum of no numbers is -0.
    seen.iter().filter(|seen| counts(&seen.operation)).map(|seen| seen.units).fold(0.0, Add::add)
}

fn archives(sizes: &[Size]) -> Table {
    let met = sizes.iter().filter(|size| size.archive <= ARCHIVE).count();
    let row = |size: &Size| {
        vec![size.function.to_owned(), format!("{:.2}", size.binary), judged(size.archive, ARCHIVE)]
    };
    Table {
        name: "lambda-sizes".to_owned(),
        caption: format!("Sizes in MB; {met} of {} archives are within {ARCHIVE} MB.", sizes.len()),
        columns: ["Function", "Program", "Archive (zip)"].map(str::to_owned).into(),
        rows: sizes.iter().map(row).collect(),
    }
}

/// Returns a difference as a whole number with its sign, which is + for 0.
fn signed(difference: f64) -> String {
    format!("{:+.0}", difference.round() + 0.0)
}

/// Returns a value with three digits.
fn rounded(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_three_digits() {
        assert_eq!([0.046, 1.234, 12.34, 283.4].map(rounded), ["0.05", "1.23", "12.3", "283"]);
    }

    #[test]
    fn zero_has_no_minus() {
        assert_eq!([-0.3, 0.3, -0.7, 41.6].map(signed), ["+0", "+0", "-1", "+42"]);
        assert!(units(&[], is_read).is_sign_positive());
    }

    #[test]
    fn reads_and_writes_are_counted_apart() {
        let seen = |operation: &str, units| Seen {
            operation: operation.to_owned(),
            body: serde_json::Value::Null,
            units,
        };
        let seen = [seen("BatchGetItem", 2.0), seen("GetItem", 0.5), seen("PutItem", 1.0), seen(SIGN, 0.0)];
        assert_eq!(cost(&seen, is_read), "2 (2.5)");
        assert_eq!((cost(&seen, is_write).as_str(), signatures(&seen)), ("1 (1)", 1));
        assert_eq!(cost(&[], is_read), "–");
    }
}
