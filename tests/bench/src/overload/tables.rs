//! The tables.

use std::time::Duration;

use super::{Found, Part, request::Kind};
use crate::{report::Table, statistics::quantile};

/// The cell of what did not happen.
const NONE: &str = "–";

/// Returns the tables.
pub(super) fn all(found: &Found) -> Vec<Table> {
    vec![capacity(found), answers(found), course(found)]
}

fn table(name: &str, caption: String, columns: &[&str], rows: Vec<Vec<String>>) -> Table {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    Table { name: name.to_owned(), caption, columns, rows }
}

/// The rates, and what was lost.
fn capacity(found: &Found) -> Table {
    let [requests, sign_ins] = found.capacity;
    let row = |part: &Part| {
        let [grants, valid] = part.grants;
        let unsent: usize =
            part.periods.iter().flat_map(|period| &period.tallies).map(|tally| tally.unsent).sum();
        vec![
            part.name.to_owned(),
            times(sent(part, Kind::REQUESTS), requests),
            times(sent(part, &[Kind::SignIn]), sign_ins),
            unsent.to_string(),
            "0".to_owned(),
            format!("{:.2}", part.recovery.as_secs_f64()),
            format!("{valid} of {grants}"),
        ]
    };
    let caption = format!(
        "The server answers {requests:.0} requests a second (half introspections, four tenths refreshes, a tenth \
         client_credentials), or {sign_ins:.1} sign-ins a second, on one processor. What was sent is a multiple of that. A \
         request is not sent if 4,000 others, or those of all its grants or users, are on their way. A wrong answer, one \
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

/// The latencies of a kind in a part: those of answers, and those of refusals.
fn latencies(part: &Part, kind: Kind) -> [Vec<f64>; 2] {
    let nth = Kind::ALL.iter().position(|known| *known == kind);
    let all: Vec<_> = part.periods.iter().filter_map(|period| period.tallies.get(nth?)).collect();
    let answered = all.iter().flat_map(|tally| tally.answered.iter().copied()).collect();
    [answered, all.iter().flat_map(|tally| tally.refused.iter().copied()).collect()]
}

fn time_of(part: &Part) -> Duration {
    part.periods.iter().map(|period| period.time).sum()
}

/// Returns how many requests of these kinds were sent in a second.
fn sent(part: &Part, kinds: &[Kind]) -> f64 {
    // A kind may be in the list several times: it is the mix.
    let kinds = Kind::ALL.into_iter().filter(|kind| kinds.contains(kind));
    let counts = kinds.flat_map(|kind| latencies(part, kind)).map(|latencies| latencies.len());
    per_second(counts.sum(), time_of(part))
}

/// The answers, by kind.
fn answers(found: &Found) -> Table {
    let rows = found.parts.iter().flat_map(|part| {
        Kind::ALL.into_iter().filter_map(move |kind| {
            let both = latencies(part, kind);
            let happened = both.iter().any(|latencies| !latencies.is_empty());
            let of = |latencies: &Vec<f64>| {
                let quantiles = [0.5, 0.99].map(|share| format!("{:.0}", quantile(latencies, share)));
                let quantiles =
                    if latencies.is_empty() { [NONE, NONE].map(str::to_owned) } else { quantiles };
                [vec![format!("{:.0}", per_second(latencies.len(), time_of(part)))], quantiles.into()]
                    .concat()
            };
            let names = vec![part.name.to_owned(), kind.label().to_owned()];
            happened.then(|| [names, of(&both[0]), of(&both[1])].concat())
        })
    });
    let caption = "What became of the requests: those that were answered in a second, and those that were refused, with the \
                   latency of each. A refused request may have waited for its turn."
        .to_owned();
    let columns = ["Load", "Request", "Answered", "p50, ms", "p99, ms", "Refused", "p50, ms", "p99, ms"];
    table("overload-answers", caption, &columns, rows.collect())
}

/// The course.
fn course(found: &Found) -> Table {
    let rows = found.parts.iter().flat_map(|part| {
        let mut end = 0.0;
        part.periods.iter().map(move |period| {
            end += period.time.as_secs_f64();
            let rate = |count| format!("{:.0}", per_second(count, period.time));
            let latencies = period.answered();
            let refused: usize = period.tallies.iter().map(|tally| tally.refused.len()).sum();
            vec![
                part.name.to_owned(),
                format!("{:.1}", end / 60.0),
                format!("{:.0}", period.memory),
                rate(latencies.len()),
                rate(refused),
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

#[expect(clippy::cast_precision_loss, reason = "a number of requests")]
fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
