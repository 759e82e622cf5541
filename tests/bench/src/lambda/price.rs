//! The price of a million calls: what was measured, times AWS's prices.

use super::{
    measure::Subject,
    tables::{is_read, is_write, signatures, units},
};
use crate::{report::Table, statistics::median};

/// Prices in US dollars in us-east-1, on demand, in 2026.
mod dollars {
    /// A million requests to an HTTP API.
    pub(super) const GATEWAY: f64 = 1.0;
    /// A million invokes.
    pub(super) const INVOKES: f64 = 0.2;
    /// A GB-second of a function on arm64.
    pub(super) const GB_SECOND: f64 = 0.000_013_333_4;
    /// A million strongly consistent read units, and a million write units.
    pub(super) const READS: f64 = 0.125;
    pub(super) const WRITES: f64 = 0.625;
    /// A million signatures by an RSA key of 2,048 bits in KMS.
    pub(super) const SIGNATURES: f64 = 3.0;
    /// A million tokens by `client_credentials` of Amazon Cognito, at the price of its first tier: $2.25 for 1,000.
    pub(super) const COGNITO: f64 = 2_250.0;
}

/// The memory of a function in GB, and the times in AWS of a request to DynamoDB and of one to KMS in ms.
const MEMORY_GB: f64 = 0.25;
const DYNAMODB_MS: f64 = 4.0;
const KMS_MS: f64 = 20.0;
const MILLION: f64 = 1_000_000.0;

/// Returns the table of the cases that a client calls by the million.
pub(super) fn table(subjects: &[Subject]) -> Table {
    let subjects = subjects.iter().filter(|subject| !subject.case.hashes_a_password());
    let row = |subject: &Subject| {
        let (reads, writes) = (units(&subject.warm, is_read), units(&subject.warm, is_write));
        let signatures = signatures(&subject.warm);
        let waiting = count(subject.warm.len() - signatures) * DYNAMODB_MS + count(signatures) * KMS_MS;
        let ms = (median(&subject.own.processor) / 1_000.0 + waiting).ceil();
        let lambda = dollars::INVOKES + MILLION * ms / 1_000.0 * MEMORY_GB * dollars::GB_SECOND;
        let dynamodb = reads * dollars::READS + writes * dollars::WRITES;
        let kms = count(signatures) * dollars::SIGNATURES;
        // The gateway before the API calls the authorizer, and its requests are the API's.
        let gateway = if subject.case.function == "authorizer" { 0.0 } else { dollars::GATEWAY };
        vec![
            subject.case.name(),
            format!("{ms:.0}"),
            price(lambda),
            price(dynamodb),
            price(kms),
            price(gateway + lambda + dynamodb + kms),
        ]
    };
    let mut rows: Vec<_> = subjects.map(row).collect();
    let none = || "–".to_owned();
    let cognito = "Amazon Cognito: client_credentials, at the price of its first tier".to_owned();
    rows.push(vec![cognito, none(), none(), none(), none(), price(dollars::COGNITO)]);
    Table {
        name: "lambda-prices".to_owned(),
        caption: format!(
            "What a million warm calls cost behind an HTTP API, by AWS's prices of 2026 in us-east-1 for arm64: the measured \
             units, and for the duration the processor time that was measured here and {DYNAMODB_MS} ms for each request to DynamoDB \
             and {KMS_MS} ms for each one to KMS, which are assumed, at {} MB of memory. Logs and free tiers are left out. The authorizer's gateway is the \
             API's.",
            MEMORY_GB * 1_024.0
        ),
        columns: ["Function", "Duration, ms", "Lambda", "DynamoDB", "KMS", "With the gateway"]
            .map(str::to_owned)
            .into(),
        rows,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful of requests")]
fn count(requests: usize) -> f64 {
    requests as f64
}

fn price(dollars: f64) -> String {
    format!("${dollars:.2}")
}
