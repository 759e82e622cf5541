//! Log lines in the embedded metric format.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::Event;
use crate::time::Timestamp;

/// The namespace of the metrics.
const NAMESPACE: &str = "Jeton";

/// One log line: an event and the request in which it happened.
#[derive(Clone, Debug, Serialize)]
pub struct Record<'a> {
    pub time_ms: Timestamp,
    /// The request's id, which the response contains, too. `None`: an administrator's command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
    /// The path of the request's route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<&'a str>,
    #[serde(flatten)]
    pub event: Event<'a>,
    #[serde(flatten)]
    metric: Metric,
}

impl<'a> Record<'a> {
    /// The path of a request that came by no route of its own, as gateways write it.
    pub const NO_ROUTE: &'static str = "$default";

    pub const fn new(time_ms: Timestamp, event: Event<'a>) -> Self {
        let metric = Metric { time_ms, name: event.into_str(), dimensions: event.dimensions() };
        Self { time_ms, request_id: None, path: None, event, metric }
    }
}

/// The members of the embedded metric format: `_aws` and the metric's value.
#[derive(Clone, Copy, Debug)]
struct Metric {
    time_ms: Timestamp,
    name: &'static str,
    dimensions: &'static [&'static str],
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Counted by its dimensions and in total: an alarm cannot add up metrics.
        let by_dimensions = (!self.dimensions.is_empty()).then_some(self.dimensions);
        let dimensions: Vec<_> = by_dimensions.into_iter().chain([[].as_slice()]).collect();
        let metadata = serde_json::json!({
            "Timestamp": self.time_ms,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": dimensions,
                "Metrics": [{ "Name": self.name, "Unit": "Count" }],
            }],
        });
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("_aws", &metadata)?;
        map.serialize_entry(self.name, &1)?;
        map.end()
    }
}
