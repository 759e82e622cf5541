//! The tables.

use super::{
    Found, Part,
    load::{Period, Tally},
    request::Kind,
};
use crate::{report::Table, statistics::quantile};

/// The cell of what did not happen.
const NONE: &str = "–";

/// Returns the tables.
pub(super) fn all(found: &Found) -> Vec<Table> {
    vec![capacity(found), answers(found), time(found)]
}

fn table(name: &str, caption: String, columns: &[&str], rows: Vec<Vec<String>>) -> Table {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    Table { name: name.to_owned(), caption, columns, rows }
}

/// The rates, and what was lost.
fn capacity(found: &Found) -> Table {
    let [requests, sign_ins] = found.capacity;
    let row = |part: &Part| {
        let ([sent, signed_in], [grants, valid]) = (part.rates, part.grants);
        let unsent: usize = tallies(part).map(|tally| tally.unsent).sum();
        vec![
            part.name.to_owned(),
            times(sent, requests),
            times(signed_in, sign_ins),
            unsent.to_string(),
            "0".to_owned(),
            format!("{:.2}", part.recovery.as_secs_f64()),
            format!("{valid} of {grants}"),
        ]
    };
    let caption = format!(
        "The server answers {requests:.0} requests a second (half introspections, four tenths refreshes, a tenth \
         client_credentials), or {sign_ins:.1} sign-ins a second, on one processor. The load is a multiple of that. A \
         request is not sent if 2,000 others, or those of all its grants or users, are on their way. A wrong answer, one \
         that is neither right nor a 503 with `Retry-After`, would end the benchmark."
    );
    let columns = [
        "Load",
        "Requests a second",
        "Sign-ins a second",
        "Not sent",
        "Wrong answers",
        "Recovery, s",
        "Grants that are refreshed afterwards",
    ];
    table("overload-load", caption, &columns, found.parts.iter().map(row).collect())
}

fn times(rate: f64, capacity: f64) -> String {
    if rate > 0.0 { format!("{rate:.0} ({:.1} ×)", rate / capacity) } else { NONE.to_owned() }
}

/// The answers, by kind.
fn answers(found: &Found) -> Table {
    let rows = found.parts.iter().flat_map(|part| {
        let seconds: f64 = part.periods.iter().map(|period| period.time.as_secs_f64()).sum();
        Kind::ALL.into_iter().enumerate().filter_map(move |(nth, kind)| {
            let all: Vec<_> = part.periods.iter().filter_map(|period| period.tallies.get(nth)).collect();
            let latencies: Vec<f64> = all.iter().flat_map(|tally| tally.latencies.iter().copied()).collect();
            let refused: usize = all.iter().map(|tally| tally.refused).sum();
            let happened = !latencies.is_empty() || refused > 0;
            happened.then(|| {
                vec![
                    part.name.to_owned(),
                    kind.label().to_owned(),
                    rate(latencies.len(), seconds),
                    rate(refused, seconds),
                    format!("{:.0}", quantile(&latencies, 0.5)),
                    format!("{:.0}", quantile(&latencies, 0.99)),
                ]
            })
        })
    });
    let caption = "What became of the requests: those that were answered and those that were refused in a second, and the \
                   latency of the answers."
        .to_owned();
    let columns = ["Load", "Request", "Answered", "Refused", "p50, ms", "p99, ms"];
    table("overload-answers", caption, &columns, rows.collect())
}

/// The course.
fn time(found: &Found) -> Table {
    let rows = found.parts.iter().flat_map(|part| {
        let mut end = 0.0;
        part.periods.iter().map(move |period| {
            let seconds = period.time.as_secs_f64();
            end += seconds;
            let latencies: Vec<f64> =
                period.tallies.iter().flat_map(|tally| tally.latencies.iter().copied()).collect();
            let refused: usize = period.tallies.iter().map(|tally| tally.refused).sum();
            vec![
                part.name.to_owned(),
                format!("{:.1}", end / 60.0),
                format!("{:.0}", period.memory),
                rate(latencies.len(), seconds),
                rate(refused, seconds),
                format!("{:.0}", quantile(&latencies, 0.99)),
            ]
        })
    });
    let caption = format!(
        "The course. Before the load, the server has {:.0} MiB. It stores a grant for each client_credentials, on disk.",
        found.idle_memory
    );
    let columns = ["Load", "Minute", "Memory, MiB", "Answered", "Refused", "p99, ms"];
    table("overload-time", caption, &columns, rows.collect())
}

fn tallies(part: &Part) -> impl Iterator<Item = &Tally> {
    part.periods.iter().flat_map(|Period { tallies, .. }| tallies)
}

#[expect(clippy::cast_precision_loss, reason = "a number of requests")]
fn rate(count: usize, seconds: f64) -> String {
    format!("{:.0}", count as f64 / seconds)
}
